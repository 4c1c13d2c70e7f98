"""From weights of plates to events of shelves: what changed on which plates, when, and by how much."""
