"""Whose receipt each item lands on."""
