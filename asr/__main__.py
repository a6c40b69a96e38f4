"""``python -m asr``; `asr.command_line` has its commands."""

import sys
from functools import partial

from hearsay.extras import run_main
from hearsay.process import exit_status_of

if __name__ == "__main__":  # the processes of PocketSphinx import this too, and need none of it
    sys.exit(exit_status_of(partial(run_main, "asr.command_line", "asr", "python -m asr")))
