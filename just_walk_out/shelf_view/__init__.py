"""Cameras that look at shelves: which product moved, and whose arm reached in."""
