"""Stamps of files, which show that a logged clip is unchanged without reading it."""

import time
from pathlib import Path
from typing import Final

_SECOND: Final = 10**9
_TICK: Final = _SECOND // 10
"""Nanoseconds within which two changes of a file may have the same time: file systems' clocks tick every 1 to 10 ms."""

_COARSE_TICK: Final = 2 * _SECOND
"""The same if times have no fraction of a second, as on FAT, whose resolution is 2 s, and on some NFS servers."""


def stamp_of(path: Path) -> str:
    """Size, modification time and change time of a file, in nanoseconds; empty if they cannot show a change.

    They cannot if there is no such file, or if it changed so recently that another change may get the same time.
    """
    try:
        found = path.stat()
    except OSError:
        return ""
    times = found.st_mtime_ns, found.st_ctime_ns
    tick = _TICK if any(moment % _SECOND for moment in times) else _COARSE_TICK
    if max(times) + tick > time.time_ns():
        return ""
    return "-".join(map(str, (found.st_size, *times)))
