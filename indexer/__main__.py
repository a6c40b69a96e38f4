"""``python -m indexer``; `indexer.cli.command_line` has its commands."""

import sys
from functools import partial

from hearsay.extras import run_main
from hearsay.terminal.process import exit_status_of

if __name__ == "__main__":
    sys.exit(exit_status_of(partial(run_main, "indexer.cli.command_line", "indexer", "python -m indexer")))
