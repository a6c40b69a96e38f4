"""The query tree: what is asked, in terms that every engine can answer alike.

A tree is built from a person's words by `indexer.modes` and compiled by each engine; no engine's own query-string
parser ever sees what a person typed.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches every passage, each with a score of 0."""


@dataclass(frozen=True, slots=True)
class Term:
    """Matches passages whose ``field`` has ``token``; scores ``weight`` times its BM25 (k1 1.2, b 0.75)."""

    field: str
    token: str
    weight: float = 1.0


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


EVERYTHING: Final = Everything()

Query = Everything | Term | AllOf | AnyOf | BestOf
