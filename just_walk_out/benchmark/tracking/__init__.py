"""People over time, in pictures and on the floor."""
