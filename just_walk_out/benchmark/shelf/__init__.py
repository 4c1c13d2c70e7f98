"""Shelf events, their delays and their errors."""
