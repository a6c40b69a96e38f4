"""The query tree: what is asked, in terms that every engine can answer alike.

`indexer.query.builder` builds a tree from typed text and each engine compiles it; no engine's own query-string parser
ever sees what a person typed.
"""

import math
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches every passage, each with a score of 0."""


@dataclass(frozen=True, slots=True)
class Term:
    """Matches passages whose ``field`` has ``token``.

    Scores ``weight`` times its BM25 (k1 1.2, b 0.75) in a field of tokens, and ``weight`` itself in a keyword. As
    everywhere here, the unknown column NAME of a corpus is the keyword ``extra.NAME``, whatever characters NAME has.
    """

    field: str
    token: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Phrase:
    """Matches passages whose ``field`` has the ``tokens`` side by side, in order; there are at least two.

    Scores as a term does, with the tokens' inverse document frequencies added up.
    """

    field: str
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    """Matches passages whose ``field`` has a token that begins with ``start``, at most 1000 characters; scores 1."""

    field: str
    start: str


@dataclass(frozen=True, slots=True)
class Between:
    """Matches passages whose number ``field`` is from ``low`` to ``high``, finite, both in; None is open. Scores 0."""

    field: str
    low: float | None
    high: float | None

    def whole(self) -> tuple[int | None, int | None]:
        """The ends as whole numbers of 64 bits, for a field that holds such; what lies beyond is the last of them."""
        low = None if self.low is None else _of_64_bits(math.ceil(self.low))
        high = None if self.high is None else _of_64_bits(math.floor(self.high))
        return low, high


@dataclass(frozen=True, slots=True)
class Missing:
    """Matches passages in which ``field``, a keyword, is empty or says `indexer.schema.UNKNOWN`; scores 0."""

    field: str


@dataclass(frozen=True, slots=True)
class Constant:
    """Matches what ``child`` does, and scores ``score`` wherever it does."""

    child: "Query"
    score: float


@dataclass(frozen=True, slots=True)
class Without:
    """Matches what ``child`` does and ``excluded`` does not; scores as ``child``."""

    child: "Query"
    excluded: "Query"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Matches where every child does; scores their sum. There is at least one child."""

    children: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Matches where some child does; scores the sum of those that do. There is at least one child."""

    children: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class BestOf:
    """Matches where some child does; scores the best of them. There is at least one child."""

    children: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Favouring:
    """Matches what ``child`` does; scores the sum of its score and of those of ``favours`` that match, too.

    There is at least one of these. What they match is looked at nowhere but where ``child`` does.
    """

    child: "Query"
    favours: tuple["Query", ...]


EVERYTHING: Final = Everything()

NOTHING: Final = Term("tokens", "")
"""Matches no passage: no token is empty."""

Leaf = Term | Phrase | Prefix | Between | Missing
Query = Everything | Leaf | Constant | Without | AllOf | AnyOf | BestOf | Favouring


def _of_64_bits(number: int) -> int:
    return min(max(number, -(2**63)), 2**63 - 1)
