"""A spool: passages on disk for a while, so that any number of them can be put in order in little memory."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path

from indexer.errors import LoadFailed
from indexer.passages import Passage

# Nothing here outlives the load, so nothing has to be safe from a crash.
_SETUP = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE passages (id TEXT PRIMARY KEY, source TEXT) WITHOUT ROWID;
"""


class Rising:
    """Passages as they come, for as long as each has an id above the one before; ``rest`` is where that ends.

    It is None while they all have. To be gone through once.
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
def in_order(passages: Iterable[Passage], file: Path) -> Iterator[Iterator[Passage]]:
    """All passages in the order of their ids, of each id the last that came; ``file`` holds them until the end."""
    sources = ((passage.id, json.dumps(passage.source())) for passage in passages)
    try:
        with closing(sqlite3.connect(file)) as database:
            database.executescript(_SETUP)
            database.executemany("INSERT OR REPLACE INTO passages VALUES (?, ?)", sources)
            ordered = database.execute("SELECT source FROM passages ORDER BY id")
            yield (Passage.from_source(json.loads(source)) for (source,) in ordered)
    except sqlite3.Error as problem:
        raise LoadFailed(
            f"the passages could not be put in order: {problem}; the index that was there still stands"
        ) from problem
    finally:
        file.unlink(missing_ok=True)
