"""``python -m indexer``; `indexer.command_line` has its commands."""

import sys

from hearsay.process import quiet_ctrl_c

if __name__ == "__main__":
    with quiet_ctrl_c():
        from indexer.command_line import main
    sys.exit(main())
