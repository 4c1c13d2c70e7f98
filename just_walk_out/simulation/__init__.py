"""A store with people in it that drives the same inputs as a real one."""
