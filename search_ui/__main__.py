"""``python -m search_ui``; its options are in `search_ui.cli`."""

import sys
from functools import partial

from hearsay.extras import run_main
from hearsay.terminal.process import exit_status_of

if __name__ == "__main__":
    sys.exit(exit_status_of(partial(run_main, "search_ui.cli", "page", "python -m search_ui")))
