"""The Python API: what people import from `hearsay`, over the parts that do the work.

`asr` and `indexer` are imported when they are needed, so that one works where the other's libraries are missing.
"""

import logging
from typing import Final

_LOGS: Final = ("asr", "hearsay", "indexer")

# A library prints no log unless the program that uses it asks for one: what fails is raised, or in a result.
for _name in _LOGS:
    logging.getLogger(_name).addHandler(logging.NullHandler())
