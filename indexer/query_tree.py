"""The query tree: a query in terms that every engine can run with the same results.

`indexer.query.builder` builds a tree from typed text, and each engine compiles it. No engine's own query-string parser
sees what a person typed.
"""

import math
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches every passage with a score of 0."""


@dataclass(frozen=True, slots=True)
class Term:
    """Matches passages whose ``field`` contains ``token``.

    Scores ``weight`` times BM25 (k1 1.2, b 0.75) in a token field, and ``weight`` in a keyword field. Here and
    elsewhere, ``extra.NAME`` is the keyword field of the corpus's own column NAME, whatever characters NAME contains.
    """

    field: str
    token: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Phrase:
    """Matches passages whose ``field`` contains the ``tokens``, at least two, next to each other and in order.

    Scores like a term whose inverse document frequency is the sum of the tokens'.
    """

    field: str
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    """Matches passages whose ``field`` has a token that begins with ``start``, at most 1,000 characters; scores 1."""

    field: str
    start: str


@dataclass(frozen=True, slots=True)
class Between:
    """Matches passages whose number ``field`` is between ``low`` and ``high``, finite and inclusive; scores 0.

    None is unbounded.
    """

    field: str
    low: float | None
    high: float | None

    def whole(self) -> tuple[int | None, int | None]:
        """The bounds as integers of 64 bits, for integer fields; bounds outside that range are clamped."""
        low = None if self.low is None else _of_64_bits(math.ceil(self.low))
        high = None if self.high is None else _of_64_bits(math.floor(self.high))
        return low, high


@dataclass(frozen=True, slots=True)
class Missing:
    """Matches passages whose keyword ``field`` is empty or `indexer.schema.UNKNOWN`; scores 0."""

    field: str


@dataclass(frozen=True, slots=True)
class Constant:
    """Matches what ``child`` matches, with the constant score ``score``."""

    child: "Query"
    score: float


@dataclass(frozen=True, slots=True)
class Without:
    """Matches what ``child`` matches and ``excluded`` does not; scores like ``child``."""

    child: "Query"
    excluded: "Query"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Matches what all children match; scores their sum. There is at least one child."""

    children: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Matches what any child matches; scores the sum of those that match. There is at least one child."""

    children: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class BestOf:
    """Matches what any child matches; scores the maximum. There is at least one child."""

    children: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Favouring:
    """Matches what ``child`` matches; scores its score plus those of the ``favours`` that match too.

    There is at least one of these. They are evaluated only for passages that ``child`` matches.
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
