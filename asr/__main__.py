"""``python -m asr``; `asr.command_line` has its commands."""

import sys

from hearsay.process import quiet_ctrl_c

if __name__ == "__main__":  # the processes of PocketSphinx import this too, and need none of it
    with quiet_ctrl_c():
        from asr.command_line import main
    sys.exit(main())
