"""The syntax tree that `indexer.query.parser` makes of typed text, independent of the mode."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WordQuery:
    """One normalised word; ``sounds_like`` if it is followed by ``~``: it may be misrecognised in mode exact, too."""

    token: str
    sounds_like: bool = False


@dataclass(frozen=True, slots=True)
class PhraseQuery:
    """Two or more normalised words next to each other in this order: a quoted phrase."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrefixQuery:
    """Any word that begins with ``start``: ``prefix*``."""

    start: str


@dataclass(frozen=True, slots=True)
class FieldQuery:
    """A value of a field: ``accent:england``.

    ``value`` is a keyword as the index stores it, or `indexer.schema.UNKNOWN`; in ``text`` a word or phrase as typed.
    """

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class RangeQuery:
    """A number from ``low`` to ``high``, inclusive: ``duration:2-8``. None is unbounded; both None is any number."""

    field: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Negation:
    """What must not match: ``-not``."""

    child: "SyntaxTree"


@dataclass(frozen=True, slots=True)
class Disjunction:
    """At least one of the children: ``OR``. Without children nothing matches, because nothing typed can be searched
    for.
    """

    children: tuple["SyntaxTree", ...]


@dataclass(frozen=True, slots=True)
class Conjunction:
    """All of the children: adjacent words. Without children everything matches, because nothing was typed."""

    children: tuple["SyntaxTree", ...]


SyntaxTree = WordQuery | PhraseQuery | PrefixQuery | FieldQuery | RangeQuery | Negation | Disjunction | Conjunction


def words_of(tree: SyntaxTree) -> list[str]:
    """The words that are searched for, in order; a prefix ends in ``*``."""
    match tree:
        case WordQuery(token):
            return [token]
        case PhraseQuery(tokens):
            return list(tokens)
        case PrefixQuery(start):
            return [f"{start}*"]
        case Disjunction(children) | Conjunction(children):
            return [word for child in children for word in words_of(child)]
        case FieldQuery() | RangeQuery() | Negation():
            return []


def values_of(tree: SyntaxTree) -> list[FieldQuery]:
    """The values of fields that are asked for or excluded, in order."""
    match tree:
        case FieldQuery():
            return [tree]
        case Negation(child):
            return values_of(child)
        case Disjunction(children) | Conjunction(children):
            return [value for child in children for value in values_of(child)]
        case WordQuery() | PhraseQuery() | PrefixQuery() | RangeQuery():
            return []


def phonetic_words(tree: SyntaxTree) -> frozenset[str]:
    """The words that ``~`` expands in mode exact, too."""
    match tree:
        case WordQuery(token, sounds_like=True):
            return frozenset({token})
        case Disjunction(children) | Conjunction(children):
            return frozenset[str]().union(*map(phonetic_words, children))
        case WordQuery() | PhraseQuery() | PrefixQuery() | FieldQuery() | RangeQuery() | Negation():
            return frozenset()
