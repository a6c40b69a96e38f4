"""Two files that are loaded alternately, and the search results of an index of either engine."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from indexer.index import Request, SearchWriter
from indexer.schema import FACETS
from tests.faults.driver import SEED
from tests.support.contract import transcribed

ROWS = (1500, 2000)
"""The number of clips in the two files that are loaded alternately; a third of the clips are in both."""


def write_table(path: Path, rows: int, first: int, word: str) -> Path:
    chance = Random(SEED)
    words = ("boy", "dog", "house", "garden", "winter", "letter")
    lines = (
        f"made/{number:05}.mp3,the {word} {' '.join(chance.choices(words, k=chance.randint(1, 8)))},twenties"
        for number in range(first, first + rows)
    )
    path.write_text("\n".join(["filename,generated_text,age", *lines, ""]), encoding="utf-8")
    return path


def answers(index: SearchWriter) -> list[Any]:
    """The content of an index: the ids of all passages, and the order, totals and counts of a few searches."""
    requests = [
        Request(size=5000, facets=FACETS),
        *(Request(transcribed(word), size=200) for word in ("boy", "river", "stone")),
    ]
    found = [index.search(request) for request in requests]
    whole = found[0]
    assert whole.total == index.count() == len({hit.passage.id for hit in whole.hits}) == index.lexicon().passages
    return [(answer.total, [hit.passage for hit in answer.hits], answer.facets) for answer in found]


@dataclass(frozen=True, slots=True)
class Engine:
    """An index that commands load into, and how to read it and what is stored beside it."""

    url: str
    open: Callable[[], SearchWriter]
    versions: Callable[[], list[str]]
    beside: Callable[[], object]
    environment: dict[str, str] = field(default_factory=dict)

    def words(self, file: Path) -> list[object]:
        return ["load", file, "--index", self.url, "--no-inbox"]

    def answers(self) -> list[Any]:
        index = self.open()
        try:
            return answers(index)
        finally:
            index.close()
