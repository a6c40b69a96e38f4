"""``python -m asr``; `asr.cli` has its commands."""

import sys
from functools import partial

from hearsay.extras import run_main
from hearsay.terminal.process import exit_status_of

if __name__ == "__main__":  # the processes of PocketSphinx import this too, and need none of it
    sys.exit(exit_status_of(partial(run_main, "asr.cli", "asr", "python -m asr")))
