"""``python -m hearsay``; `hearsay.cli` has its commands."""

import sys

from hearsay.cli import main

if __name__ == "__main__":  # the processes of PocketSphinx import this too
    sys.exit(main())
