"""One track on the floor for each person, from door to door."""
