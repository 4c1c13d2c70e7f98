"""The command jwo."""
