"""The Python API: facades over `asr` and `indexer`, imported from `hearsay`.

`asr` and `indexer` are imported when they are needed, so that one works where the other's libraries are missing.
"""

import logging
from typing import Final

_LOGS: Final = ("asr", "hearsay", "indexer")

# A library prints no log unless the calling program configures logging: failures are raised, or are in results.
for _name in _LOGS:
    logging.getLogger(_name).addHandler(logging.NullHandler())
