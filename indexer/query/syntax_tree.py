"""The syntax tree that `indexer.query.parser` makes of typed text, whatever the mode."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WordQuery:
    """One normalised word; ``sounds_like`` where a ``~`` behind it says that an expansion is as good as a hit."""

    token: str
    sounds_like: bool = False


@dataclass(frozen=True, slots=True)
class PhraseQuery:
    """Normalised words, two or more, that stand side by side in this order: a quoted phrase."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrefixQuery:
    """Any word that begins with ``start``: ``prefix*``."""

    start: str


@dataclass(frozen=True, slots=True)
class FieldQuery:
    """A value of one of the index's fields: ``accent:england``.

    ``value`` is a keyword as the index holds it, or `indexer.schema.UNKNOWN`; in ``text`` a word or phrase as typed.
    """

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class RangeQuery:
    """A number from ``low`` to ``high``, both ends in, None open: ``duration:2-8``. Both are where it need be known."""

    field: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Negation:
    """What must not be there: ``-not``."""

    child: "SyntaxTree"


@dataclass(frozen=True, slots=True)
class Disjunction:
    """One of two or more: ``OR``. There are none, and nothing is found, where nothing typed could be searched for."""

    children: tuple["SyntaxTree", ...]


@dataclass(frozen=True, slots=True)
class Conjunction:
    """All of the children, which is what words side by side ask for. There are none where nothing was typed."""

    children: tuple["SyntaxTree", ...]


SyntaxTree = WordQuery | PhraseQuery | PrefixQuery | FieldQuery | RangeQuery | Negation | Disjunction | Conjunction


def words_of(tree: SyntaxTree) -> list[str]:
    """The words that are wanted, in order; a beginning has its ``*``."""
    match tree:
        case WordQuery(token):
            return [token]
        case PhraseQuery(tokens):
            return list(tokens)
        case PrefixQuery(start):
            return [f"{start}*"]
        case Disjunction(children) | Conjunction(children):
            return [word for child in children for word in words_of(child)]
        case _:
            return []


def sounding(tree: SyntaxTree) -> frozenset[str]:
    """The words that a ``~`` expands in any mode."""
    match tree:
        case WordQuery(token, sounds_like=True):
            return frozenset({token})
        case Disjunction(children) | Conjunction(children):
            return frozenset[str]().union(*map(sounding, children))
        case _:
            return frozenset()
