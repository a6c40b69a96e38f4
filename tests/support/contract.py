"""The contract of every engine: test suites that each engine inherits, and their helpers.

`contract_reader`, `contract_queries` and `contract_writer` have the suites.
"""

import struct
from collections.abc import Callable
from itertools import chain

from hearsay.records.clip import ClipRow
from indexer.index import Request, SearchReader, SearchWriter
from indexer.passages import Passage
from indexer.query_tree import EVERYTHING, Query, Term
from tests.support.rows import passages

OpenIndex = Callable[[], SearchWriter]
"""Opens the same index again, as another process would; three of its versions are kept."""


def transcribed(word: str, weight: float = 1.0) -> Term:
    return Term("tokens", word, weight)


def ids(index: SearchReader, query: Query = EVERYTHING, size: int = 100, page: int = 1) -> list[str]:
    return [hit.passage.id for hit in index.search(Request(query, size=size, page=page)).hits]


def paged(index: SearchReader, query: Query, size: int, pages: int) -> list[str]:
    """The ids on the first pages, one page after the other."""
    return list(chain.from_iterable(ids(index, query, size, page) for page in range(1, pages + 1)))


def score(index: SearchReader, query: Query, passage_id: str) -> float:
    return {hit.passage.id: hit.score for hit in index.search(Request(query, size=100)).hits}[passage_id]


def single(number: float) -> float:
    """The number as engines store a score: rounded to 32 bits."""
    return float(struct.unpack("f", struct.pack("f", number))[0])


def rows(*names: str, text: str = "same words") -> list[Passage]:
    return passages(tuple(ClipRow(name, generated_text=text) for name in names))
