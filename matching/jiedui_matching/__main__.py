"""`python -m jiedui_matching`."""

import sys

from jiedui_matching.cli import main

if __name__ == "__main__":
    sys.exit(main())
