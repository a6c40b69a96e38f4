"""``python -m search_ui``; `search_ui.command_line` says what it takes."""

import sys
from functools import partial

from hearsay.extras import run_main
from hearsay.process import exit_status_of

if __name__ == "__main__":
    sys.exit(exit_status_of(partial(run_main, "search_ui.command_line", "page", "python -m search_ui")))
