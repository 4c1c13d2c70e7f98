"""The command ``jwo``."""


def main() -> int:
    """Run the command line."""
    return 0
