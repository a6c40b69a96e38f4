"""The builder: from a syntax tree and a mode to the query tree that the engines compile."""

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
    phonetic_words,
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
from indexer.schema import FURTHER_STEMS, UNKNOWN, VALUE_FACETS, VALUE_KEYS, counted_in, value_key

MODES: Final = ("exact", "forgiving", "sounds-like", "any", "baseline")

DEFAULT_MODE: Final = "forgiving"

STEM_WEIGHT: Final = 0.5
"""In mode exact, the weight of a word's stem relative to the word itself."""

IN_TRANSCRIPT: Final = 0.95
"""Probability that a word was said if it is in the transcript."""

OTHER_FORM: Final = 0.05
"""The same if only another form of it is in the transcript; chosen, not learned."""

IN_FURTHER_TRANSCRIPT: Final = 0.5
"""The same if it, or another form of it, is only in a further transcript: about the share that was measured for words
that a second model transcribed where a first one has others."""

LEAST_PROBABILITY: Final = 0.001
LEAST_AMONG_SEVERAL: Final = 0.0001
"""Expansions below this probability are not searched for: of a single word, and of several. Next to other words of the
query, weak evidence counts, too."""

SHORTNESS: Final = 0.25
"""Score per four words by which a passage is shorter, between passages with the same evidence."""

MOST_EXPANSIONS: Final = 2000
"""Maximum number of expansions of all words of one search together."""

MOST_ALL: Final = 50
"""Words and phrases of a query in mode any up to which passages that contain all of them come first, whatever the
evidence in others: this doubles the size of a query, which Elasticsearch limits."""

_ANY_WORD: Final = 1.0
_ANY_FORM: Final = 0.5
"""Minimum scores of a word and of another form of it, however many passages contain them."""

_STEP: Final = 64.0
"""Scores of expansions are multiples of 1/64, so that their sums are exact in both engines."""

Expansions = Callable[[str], tuple[Expansion, ...]]
Floor = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class EvidenceWeights:
    """The expansions of a word, and the scores of evidence.

    ``floor`` gives the probability below which evidence for a word has no score; expansions below ``least`` are not
    searched for.
    """

    expansions: Expansions
    floor: Floor
    least: float = LEAST_PROBABILITY

    def worth(self, probability: float, word: str) -> float:
        """The score of evidence for a word: log(probability / floor), at least 1/64."""
        return max(1.0, round(_STEP * math.log(probability / self.floor(word)))) / _STEP


def every_word(tree: SyntaxTree, weighing: EvidenceWeights) -> Query:
    """The matches: every word as typed or by its stem; the word itself always scores more than its stem alone."""
    match tree:
        case WordQuery(token):
            return AnyOf((Term("tokens", token), Term("stems", stem(token), STEM_WEIGHT)))
        case PhraseQuery() | PrefixQuery():
            return _as_transcribed(tree, weighing)
        case Disjunction(children):
            return _one_of(AnyOf, (every_word(child, weighing) for child in children))
        case Conjunction(children):
            return _narrowed((), children, weighing)
        case Negation(child):
            return Without(EVERYTHING, every_word(child, weighing))
        case RangeQuery(field, low, high):
            return Between(field, low, high)
        case FieldQuery("text", value):
            words = tuple(tokens(value))
            return Constant(Phrase("text_tokens", words) if len(words) > 1 else Term("text_tokens", words[0]), 0.0)
        case FieldQuery(field, value):
            return value_query(field, value)


def value_query(field: str, value: str) -> Query:
    """The passages with this value of a field, however it is spelled; those without one for `UNKNOWN`."""
    if value == UNKNOWN:
        return Missing(counted_in(field))
    term = Term(VALUE_KEYS, value_key(field, value)) if field in VALUE_FACETS else Term(field, value)
    return Constant(term, 0.0)


def any_word(tree: SyntaxTree, weighing: EvidenceWeights) -> Query:
    """Mode baseline: any word, exactly as typed, ranked by plain BM25."""
    wanted, conditions = _parted(tree)
    found = _one_of(AnyOf, (_as_transcribed(child, weighing) for child in wanted)) if wanted else EVERYTHING
    return _narrowed((found,), conditions, weighing)


def some_words(tree: SyntaxTree, weighing: EvidenceWeights) -> Query:
    """Mode any: at least one word or phrase as typed or by its stem; first the passages that contain all of them.

    The others are ranked by all evidence, for the words that they lack as well; if there are more than `MOST_ALL` words
    or phrases, all are.
    """
    wanted, conditions = _parted(tree)
    if not wanted:
        return _narrowed((EVERYTHING,), conditions, weighing)
    children = [every_word(child, weighing) for child in wanted]
    found = _by_evidence(wanted, weighing)
    if len(children) <= MOST_ALL:
        above_all = Constant(EVERYTHING, _above(tree, weighing))
        found = BestOf((AllOf((above_all, *children)), found))
    return _narrowed((Constant(_one_of(AnyOf, children), 0.0), found), conditions, weighing)


BUILDERS: Final[Mapping[str, Callable[[SyntaxTree, EvidenceWeights], Query]]] = {
    "exact": every_word,
    "forgiving": every_word,
    "sounds-like": every_word,
    "any": some_words,
    "baseline": any_word,
}
"""The query for the matches in each mode."""


def candidates(tree: SyntaxTree, mode: str, weighing: EvidenceWeights) -> Query | None:
    """The passages that are no matches and have evidence for the words that they lack; None if the mode has none.

    Of several words, each needs evidence, but in mode any at least one. Mode exact has evidence for words with ``~``.
    """
    wanted, conditions = _parted(tree)
    if not wanted or mode == "baseline" or (mode == "exact" and not phonetic_words(tree)):
        return None
    matched = [every_word(child, weighing) for child in wanted]
    if mode == "any":
        found, matches = _by_evidence(wanted, weighing), _one_of(AnyOf, matched)
    else:
        may_be_lost = phonetic_words(tree) if mode == "exact" else frozenset(words_of(tree))
        found = Favouring(_all_of([_evidence_of(child, weighing, may_be_lost) for child in wanted]), _SHORT_ONES)
        matches = _all_of(matched)
    return Without(_narrowed((found,), conditions, weighing), matches)


def _above(tree: SyntaxTree, weighing: EvidenceWeights) -> float:
    """A whole number above the maximum that evidence for words can add up to."""
    most = sum(max(_ANY_WORD, weighing.worth(1.0, token)) for token in words_of(tree))
    return float(math.ceil(most + SHORTNESS * LONGEST_LENGTH) + 1)


def _parted(tree: SyntaxTree) -> tuple[list[SyntaxTree], list[SyntaxTree]]:
    """The words and phrases to search for, and the conditions."""
    children = tree.children if isinstance(tree, Conjunction) else (tree,)
    wanted = [child for child in children if not _is_condition(child)]
    return wanted, [child for child in children if _is_condition(child)]


def _is_condition(tree: SyntaxTree) -> bool:
    if isinstance(tree, Disjunction) and tree.children:
        return all(map(_is_condition, tree.children))
    return isinstance(tree, FieldQuery | RangeQuery | Negation)


def _narrowed(found: Sequence[Query], conditions: Sequence[SyntaxTree], weighing: EvidenceWeights) -> Query:
    """Passages that match all of ``found`` and the conditions, as in mode exact, and none of the negated ones."""
    held = [every_word(child, weighing) for child in conditions if not isinstance(child, Negation)]
    barred = [every_word(child.child, weighing) for child in conditions if isinstance(child, Negation)]
    queries = (*found, *held)
    query = EVERYTHING if not queries else queries[0] if len(queries) == 1 else AllOf(queries)
    return Without(query, _one_of(AnyOf, barred)) if barred else query


def _as_transcribed(tree: SyntaxTree, weighing: EvidenceWeights) -> Query:
    """The words as typed, ranked by BM25."""
    match tree:
        case WordQuery(token):
            return Term("tokens", token)
        case PhraseQuery(several):
            return Phrase("tokens", several)
        case PrefixQuery(start):
            return Prefix("tokens", start)
        case Disjunction(children):
            return _one_of(AnyOf, (_as_transcribed(child, weighing) for child in children))
        case FieldQuery() | RangeQuery() | Negation() | Conjunction():
            return every_word(tree, weighing)


def _by_evidence(wanted: Sequence[SyntaxTree], weighing: EvidenceWeights) -> Query:
    """Any evidence for any of the words; shorter passages first."""
    may_be_lost = frozenset(word for child in wanted for word in words_of(child))
    return Favouring(_one_of(AnyOf, (_evidence_of(child, weighing, may_be_lost) for child in wanted)), _SHORT_ONES)


def _evidence_of(tree: SyntaxTree, weighing: EvidenceWeights, may_be_lost: frozenset[str]) -> Query:
    """All evidence with its scores. Of a phrase that was not transcribed, each word needs evidence."""
    match tree:
        case WordQuery(token):
            return _evidence(token, weighing, is_guessed=token in may_be_lost)
        case PhraseQuery(several):
            worth = sum(max(_ANY_WORD, weighing.worth(IN_TRANSCRIPT, token)) for token in several)
            phrase = Constant(Phrase("tokens", several), worth)
            if not may_be_lost.issuperset(several):
                return phrase
            apart = [_evidence(token, weighing, is_guessed=True) for token in dict.fromkeys(several)]
            return BestOf((phrase, _all_of(apart)))
        case Disjunction(children):
            return _one_of(BestOf, (_evidence_of(child, weighing, may_be_lost) for child in children))
        case PrefixQuery(start):
            return Constant(Prefix("tokens", start), _ANY_WORD)
        case FieldQuery() | RangeQuery() | Negation() | Conjunction():
            return every_word(tree, weighing)


def _evidence(token: str, weighing: EvidenceWeights, *, is_guessed: bool) -> Query:
    """The word and its other forms; if it is guessed, its phonetic expansions and the speech model's alternatives."""
    word = Constant(Term("tokens", token), max(_ANY_WORD, weighing.worth(IN_TRANSCRIPT, token)))
    other_form = Constant(Term("stems", stem(token)), max(_ANY_FORM, weighing.worth(OTHER_FORM, token)))
    if not is_guessed:
        return BestOf((word, other_form))
    expansions = [
        Constant(
            Phrase("tokens", expansion.tokens) if len(expansion.tokens) > 1 else Term("tokens", expansion.tokens[0]),
            weighing.worth(expansion.probability, token),
        )
        for expansion in weighing.expansions(token)
    ]
    alternatives = [
        Constant(Term("alternatives", f"{token}_{tenth}"), weighing.worth(tenth / 10, token))
        for tenth in range(1, 10)
        if tenth / 10 >= weighing.least
    ]
    further = Constant(Term(FURTHER_STEMS, stem(token)), weighing.worth(IN_FURTHER_TRANSCRIPT, token))
    return BestOf((word, other_form, further, *expansions, *alternatives))


_SHORT_ONES: Final = tuple(Constant(Term("shortness", str(power)), SHORTNESS * power) for power in POWERS)


def _all_of(queries: Sequence[Query]) -> Query:
    return queries[0] if len(queries) == 1 else AllOf(tuple(queries))


def _one_of(kind: type[AnyOf] | type[BestOf], queries: Iterable[Query]) -> Query:
    """A single query is itself; without queries, nothing matches."""
    children = tuple(queries)
    if not children:
        return NOTHING
    return children[0] if len(children) == 1 else kind(children)
