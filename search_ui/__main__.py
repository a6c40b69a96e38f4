"""``python -m search_ui``; `search_ui.command_line` says what it takes."""

import sys

from hearsay.process import quiet_ctrl_c

if __name__ == "__main__":
    with quiet_ctrl_c():
        from search_ui.command_line import main
    sys.exit(main())
