"""Benchmarks that anyone can run, ``jwo benchmark``: figures of the rooms beside those of a published baseline."""
