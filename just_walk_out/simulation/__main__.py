"""``python -m just_walk_out.simulation``."""

import sys

from just_walk_out.simulation.run import main

if __name__ == "__main__":
    sys.exit(main())
