"""The builder: a syntax tree and a mode become the query tree that engines compile."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hearsay.text.normalize import tokens
from indexer.documents import LONGEST_LENGTH, POWERS, stem
from indexer.phonetics.expansion import Expansion
from indexer.query.syntax_tree import (
    Conjunction,
    Disjunction,
    FieldQuery,
    Negation,
    PhraseQuery,
    PrefixQuery,
    RangeQuery,
    SyntaxTree,
    WordQuery,
    words_of,
)
from indexer.query_tree import (
    EVERYTHING,
    NOTHING,
    AllOf,
    AnyOf,
    BestOf,
    Between,
    Constant,
    Favouring,
    Missing,
    Phrase,
    Prefix,
    Query,
    Term,
    Without,
)
from indexer.schema import UNKNOWN

MODES: Final = ("exact", "forgiving", "sounds-like", "baseline")

DEFAULT_MODE: Final = "forgiving"

STEM_WEIGHT: Final = 0.5
"""What a word counts in mode exact that has only its stem in common, beside 1 for the word itself."""

HEARD: Final = 0.95
"""Probability that a word was said that stands in the transcript."""

OTHER_FORM: Final = 0.05
"""The same of a word of which another form stands there; chosen, not learned."""

LEAST_PROBABILITY: Final = 0.001
"""Expansions that are less likely are not looked for; with .0005 nothing more is found, with .002 a little less."""

SHORTNESS: Final = 0.25
"""What a passage that is four words shorter is worth, between passages with the same evidence."""

MOST_EXPANSIONS: Final = 2000
"""Of all words of one search together."""

_ANY_WORD: Final = 1.0
_ANY_FORM: Final = 0.5
"""The least that a word, and another form of it, are worth, however many passages have them."""

_STEP: Final = 64.0
"""Scores of expansions are whole numbers of 64ths, whose sums are exact in both engines."""

Expansions = Callable[[str], tuple[Expansion, ...]]
Floor = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class Weighing:
    """What may stand for a word, and what evidence is worth; ``is_loud`` makes expansions weigh about as much as hits.

    ``floor`` is the probability below which evidence for a word is none; what is less likely than ``least`` is not
    looked for.
    """

    expansions: Expansions
    floor: Floor
    is_loud: bool = False
    least: float = LEAST_PROBABILITY

    def worth(self, probability: float, word: str) -> float:
        """The score of evidence for a word: the logarithm of its probability over the floor; 0 and below is none."""
        return round(_STEP * math.log(probability / self.floor(word))) / _STEP

    def expansion_worth(self, probability: float, word: str) -> float:
        return self.worth(math.sqrt(probability) if self.is_loud else probability, word)


def every_word(tree: SyntaxTree, weighing: Weighing) -> Query:
    """Mode exact: every word as heard or by its stem; the word itself always scores more than its stem alone."""
    match tree:
        case WordQuery(token, sounds_like=False):
            return AnyOf((Term("tokens", token), Term("stems", stem(token), STEM_WEIGHT)))
        case WordQuery(token):
            return _evidence(token, weighing)
        case PhraseQuery() | PrefixQuery():
            return _as_heard(tree, weighing)
        case Disjunction(children):
            return _one_of(AnyOf, (every_word(child, weighing) for child in children))
        case Conjunction(children):
            return _narrowed((), children, weighing)
        case Negation(child):
            return Without(EVERYTHING, every_word(child, weighing))
        case FieldQuery() | RangeQuery():
            return _condition(tree)


def any_word(tree: SyntaxTree, weighing: Weighing) -> Query:
    """Mode baseline: any word, exactly as heard, ranked by plain BM25."""
    wanted, conditions = _parted(tree)
    found = _one_of(AnyOf, (_as_heard(child, weighing) for child in wanted)) if wanted else EVERYTHING
    return _narrowed((found,), conditions, weighing)


def forgiving(tree: SyntaxTree, weighing: Weighing) -> Query:
    """Mode forgiving: first the passages in which every word was heard, by BM25; then those in which one is missing,
    guessed or in another form, by the sum of what the evidence is worth.
    """
    wanted, conditions = _parted(tree)
    if not wanted:
        return _narrowed((EVERYTHING,), conditions, weighing)
    band = certain_from(tree, weighing)
    heard = AllOf((Constant(EVERYTHING, band), *(_as_heard(child, weighing) for child in wanted)))
    return _narrowed((BestOf((heard, _guessed(wanted, weighing))),), conditions, weighing)


def sounds_like(tree: SyntaxTree, weighing: Weighing) -> Query:
    """Mode sounds-like: expansions weigh about as much as hits, so that both stand side by side."""
    wanted, conditions = _parted(tree)
    return _narrowed((_guessed(wanted, weighing) if wanted else EVERYTHING,), conditions, weighing)


BUILDERS: Final[Mapping[str, Callable[[SyntaxTree, Weighing], Query]]] = {
    "exact": every_word,
    "forgiving": forgiving,
    "sounds-like": sounds_like,
    "baseline": any_word,
}


def certain_from(tree: SyntaxTree, weighing: Weighing) -> float:
    """The score from which on, in mode forgiving, every word was heard as it was asked for.

    A whole number above all that evidence can score together.
    """
    most = sum(max(_ANY_WORD, weighing.worth(1.0, token)) for token in words_of(tree))
    return float(math.ceil(most + SHORTNESS * LONGEST_LENGTH) + 1)


def _parted(tree: SyntaxTree) -> tuple[list[SyntaxTree], list[SyntaxTree]]:
    """What is to be heard, and the conditions beside it."""
    children = tree.children if isinstance(tree, Conjunction) else (tree,)
    wanted = [child for child in children if not _is_condition(child)]
    return wanted, [child for child in children if _is_condition(child)]


def _is_condition(tree: SyntaxTree) -> bool:
    if isinstance(tree, Disjunction) and tree.children:
        return all(map(_is_condition, tree.children))
    return isinstance(tree, FieldQuery | RangeQuery | Negation)


def _narrowed(found: Sequence[Query], conditions: Sequence[SyntaxTree], weighing: Weighing) -> Query:
    """What all of ``found`` finds, where the conditions hold: each as in mode exact, and none that a `Not` bars."""
    held = [every_word(child, weighing) for child in conditions if not isinstance(child, Negation)]
    barred = [every_word(child.child, weighing) for child in conditions if isinstance(child, Negation)]
    query = _all_of([*found, *held])
    return Without(query, _one_of(AnyOf, barred)) if barred else query


def _condition(tree: FieldQuery | RangeQuery) -> Query:
    if isinstance(tree, RangeQuery):
        return Between(tree.field, tree.low, tree.high)
    if tree.field == "text":
        said = tuple(tokens(tree.value))
        return Constant(Phrase("text_tokens", said) if len(said) > 1 else Term("text_tokens", said[0]), 0.0)
    return Missing(tree.field) if tree.value == UNKNOWN else Constant(Term(tree.field, tree.value), 0.0)


def _as_heard(tree: SyntaxTree, weighing: Weighing) -> Query:
    """As it stands in transcripts, by BM25."""
    match tree:
        case WordQuery(token, sounds_like=False):
            return Term("tokens", token)
        case PhraseQuery(several):
            return Phrase("tokens", several)
        case PrefixQuery(start):
            return Prefix("tokens", start)
        case Disjunction(children):
            return _one_of(AnyOf, (_as_heard(child, weighing) for child in children))
        case _:
            return every_word(tree, weighing)


def _guessed(wanted: Sequence[SyntaxTree], weighing: Weighing) -> Query:
    """Any evidence for any of it, short passages first."""
    return Favouring(_one_of(AnyOf, (_signs(child, weighing) for child in wanted)), _SHORT_ONES)


def _signs(tree: SyntaxTree, weighing: Weighing) -> Query:
    """All that may tell of it, for what that is worth. A phrase is worth more in a row than its words are apart."""
    match tree:
        case WordQuery(token):
            return _evidence(token, weighing)
        case PhraseQuery(several):
            apart = AnyOf(tuple(_evidence(token, weighing) for token in dict.fromkeys(several)))
            worth = sum(max(_ANY_WORD, weighing.worth(HEARD, token)) for token in several)
            return BestOf((Constant(Phrase("tokens", several), worth), apart))
        case Disjunction(children):
            return _one_of(BestOf, (_signs(child, weighing) for child in children))
        case PrefixQuery(start):
            return Constant(Prefix("tokens", start), _ANY_WORD)
        case _:
            return every_word(tree, weighing)


def _evidence(token: str, weighing: Weighing) -> Query:
    """The word, its other forms, what sounds like it, and what the recogniser nearly wrote in its place."""
    expansions = [
        Constant(
            Phrase("tokens", expansion.tokens) if len(expansion.tokens) > 1 else Term("tokens", expansion.tokens[0]),
            worth,
        )
        for expansion in weighing.expansions(token)
        if (worth := weighing.expansion_worth(expansion.probability, token)) > 0
    ]
    alternatives = [
        Constant(Term("alternatives", f"{token}_{tenth}"), worth)
        for tenth in range(1, 10)
        if tenth / 10 >= weighing.least and (worth := weighing.expansion_worth(tenth / 10, token)) > 0
    ]
    heard = Constant(Term("tokens", token), max(_ANY_WORD, weighing.worth(HEARD, token)))
    other_form = Constant(Term("stems", stem(token)), max(_ANY_FORM, weighing.worth(OTHER_FORM, token)))
    return BestOf((heard, other_form, *expansions, *alternatives))


_SHORT_ONES: Final = tuple(Constant(Term("shortness", str(power)), SHORTNESS * power) for power in POWERS)


def _all_of(queries: Sequence[Query]) -> Query:
    if not queries:
        return EVERYTHING
    return queries[0] if len(queries) == 1 else AllOf(tuple(queries))


def _one_of(kind: type[AnyOf] | type[BestOf], queries: Iterable[Query]) -> Query:
    """One is itself; of none nothing is found."""
    children = tuple(queries)
    if not children:
        return NOTHING
    return children[0] if len(children) == 1 else kind(children)
