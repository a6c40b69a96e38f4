"""External sorting: passages in a temporary file on disk, so that any number of them can be sorted in little memory."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path

from indexer.errors import LoadFailed
from indexer.passages import Passage

# The file is temporary, so it does not have to survive a crash.
_SETUP = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE passages (id TEXT PRIMARY KEY, source TEXT) WITHOUT ROWID;
"""


class AscendingPrefix:
    """Iterates over passages as long as their ids ascend; ``rest`` has the others.

    ``rest`` is None if all ids ascend. Can be iterated over once.
    """

    def __init__(self, passages: Iterable[Passage]) -> None:
        self._passages = iter(passages)
        self.rest: Iterator[Passage] | None = None

    def __iter__(self) -> Iterator[Passage]:
        before = ""
        for passage in self._passages:
            if passage.id <= before:
                self.rest = chain([passage], self._passages)
                return
            before = passage.id
            yield passage


@contextmanager
def sorted_by_id(passages: Iterable[Passage], file: Path) -> Iterator[Iterator[Passage]]:
    """All passages in the order of their ids, the last one of each id; ``file`` holds them until the block ends."""
    sources = ((passage.id, json.dumps(passage.source())) for passage in passages)
    try:
        with closing(sqlite3.connect(file)) as database:
            database.executescript(_SETUP)
            database.executemany("INSERT OR REPLACE INTO passages VALUES (?, ?)", sources)
            ordered = database.execute("SELECT source FROM passages ORDER BY id")
            yield (Passage.from_source(json.loads(source)) for (source,) in ordered)
    except sqlite3.Error as problem:
        raise LoadFailed(
            f"the passages could not be sorted: {problem}; the previous index is still served"
        ) from problem
    finally:
        file.unlink(missing_ok=True)
