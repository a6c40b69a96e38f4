"""Similarity: from one passage to similar ones, and to those in which the same sentence was said."""

import math
from collections.abc import Mapping
from typing import Final

from hearsay.text.normalize import is_unspaced, tokens
from hearsay.text.normalize import words as counted_words
from hearsay.text.wer import word_errors
from indexer.documents import POWERS, SENTINEL, text_key
from indexer.errors import WrongRequest
from indexer.index import Request, SearchReader
from indexer.passages import Passage
from indexer.query.builder import DEFAULT_MODE
from indexer.query.explanation import QueryTerm
from indexer.query.planner import Plan, Planner
from indexer.query_tree import NOTHING, AllOf, AnyOf, Constant, Favouring, Query, Term, Without
from indexer.schema import TEXT_KEY

MOST_SIGNIFICANT: Final = 12
"""Maximum number of significant words of a passage."""

COMMON: Final = 0.1
"""Words in more than this share of the passages are not significant, unless a clip has no others."""

MOST_COUNTED: Final = 24
"""Maximum number of words of a passage, the rarest ones in transcripts, whose passages are counted."""

MOST_CANDIDATES: Final = 200
"""Number of passages whose transcripts are compared with that of a passage without a reference."""

MOST_ERRORS: Final = 0.25
"""Maximum word error rate between two transcripts of the same sentence."""


def planned(
    index: SearchReader, planner: Planner, words: str, mode: str, *, like: str | None = None, same: str | None = None
) -> Plan:
    """The plan of a search for words, or for passages ``like`` another one, or with the ``same`` sentence.

    Raises `WrongRequest` if more than one of the three is given.
    """
    if sum(map(bool, (words.strip(), like, same))) > 1:
        raise WrongRequest("search either for words, for passages like another one, or for the same sentence")
    if like:
        return plan_like(index, like)
    return plan_same(index, same) if same else planner.plan(words, mode)


def significant_words(passage: Passage, index: SearchReader) -> dict[str, float]:
    """Up to `MOST_SIGNIFICANT` words that other clips share, each with its weight, the rarest first.

    They are words of the reference where it is known, otherwise of the transcript. The weight is the square of the
    inverse document frequency, as in the product of two tf-idf vectors, so that one rare word outweighs several
    frequent ones. Words in more than `COMMON` of the passages count only if there are no others.
    """
    lexicon = index.lexicon()
    words = dict.fromkeys(_reference(passage) or tokens(passage.row.generated_text))
    candidates = sorted(words, key=lexicon.passages_with)[:MOST_COUNTED]
    counts = {word: index.count(Without(_said(word), Term("clip", passage.clip))) for word in candidates}
    shared = {word: count for word, count in counts.items() if count}
    rare = {word: count for word, count in shared.items() if count <= COMMON * lexicon.passages}
    rarest = sorted((rare or shared).items(), key=lambda item: item[1])[:MOST_SIGNIFICANT]
    return {word: _weight(count, lexicon.passages) for word, count in rarest}


def _weight(count: int, passages: int) -> float:
    """A multiple of 1/64, so that sums are exact in both engines."""
    return round(64 * math.log(1 + passages / count) ** 2) / 64


def more_like(passage: Passage, words: Mapping[str, float]) -> Query:
    """Passages of other clips with any of these words, ranked by the sum of their weights; shorter ones first."""
    if not words:
        return NOTHING
    shared = AnyOf(tuple(Constant(_said(word), weight) for word, weight in words.items()))
    return Without(Favouring(shared, _SHORT_ONES), Term("clip", passage.clip))


def _said(word: str) -> Query:
    """A passage with this word in the reference, or, if that is not known, in the transcript."""
    return AnyOf(
        (
            Constant(Term("text_tokens", word), 1.0),
            Constant(AllOf((Term("tokens", word), Term("text_tokens", SENTINEL))), 1.0),
        )
    )


_SHORT_ONES: Final = tuple(Constant(Term("shortness", str(power)), power / 64) for power in POWERS)


def same_sentence(passage: Passage, index: SearchReader) -> Query:
    """Clips with the same reference, including this one; without a reference, those with a similar transcript."""
    if reference := _reference(passage):
        return Constant(Term(TEXT_KEY, text_key(reference)), 1.0)
    clips = _similar_transcripts(passage, index)
    return Constant(AnyOf(tuple(Term("clip", clip) for clip in clips)), 1.0) if clips else NOTHING


def same_sentence_count(passage: Passage, index: SearchReader) -> int:
    """The number of clips that `same_sentence` matches."""
    if _reference(passage):
        return index.count(same_sentence(passage, index))
    return len(_similar_transcripts(passage, index))


def _similar_transcripts(passage: Passage, index: SearchReader) -> list[str]:
    """The clips, of at most `MOST_CANDIDATES`, whose transcripts have a word error rate of at most `MOST_ERRORS`.

    A word error changes one word. If the words are dealt into more groups than errors are possible, a similar
    transcript has all words of at least one group. One that has only a word boundary elsewhere has those of one half.
    """
    text = passage.row.generated_text
    words = list(dict.fromkeys(tokens(text)))
    if not words:
        return []
    errors = int(MOST_ERRORS * len(counted_words(text))) * (2 if is_unspaced(text) else 1)  # bigrams share characters
    rarest, number = sorted(words, key=index.lexicon().passages_with), min(errors + 1, len(words))
    groups = [rarest[first::number] for first in range(number)]
    groups += [half for half in (words[: len(words) // 2], words[len(words) // 2 :]) if len(half) > 1]
    candidates = (Constant(AllOf(tuple(Term("tokens", word) for word in group)), 1.0) for group in groups)
    near = index.search(Request(AnyOf(tuple(candidates)), size=MOST_CANDIDATES)).hits
    return [hit.passage.clip for hit in near if _is_same(passage, hit.passage)]


def plan_like(index: SearchReader, passage_id: str) -> Plan:
    """The plan of a search for similar passages; raises `WrongRequest` if the index does not have the passage."""
    passage = _passage(index, passage_id)
    words = significant_words(passage, index)
    shared = tuple(QueryTerm(word, is_optional=True) for word in words)
    sentence = f"clips that share significant words with {passage_id}"
    return Plan(more_like(passage, words), DEFAULT_MODE, sentence, (), shared, None)


def plan_same(index: SearchReader, passage_id: str) -> Plan:
    """The plan of a search for the same sentence; raises `WrongRequest` if the index does not have the passage."""
    passage = _passage(index, passage_id)
    sentence = f"clips with the same sentence as {passage_id}"
    return Plan(same_sentence(passage, index), DEFAULT_MODE, sentence, (), (), None)


def _passage(index: SearchReader, passage_id: str) -> Passage:
    if passage := index.get(passage_id):
        return passage
    raise WrongRequest(f"the index has no clip {passage_id}; it was deleted, or has another id in search results")


def _reference(passage: Passage) -> list[str]:
    """The tokens of the reference; empty for a part of a recording, whose reference is that of the whole."""
    return tokens(passage.row.text) if passage.is_whole else []


def _is_same(passage: Passage, other: Passage) -> bool:
    """Whether the transcripts are of the same sentence."""
    if not other.is_whole:  # only whole clips are compared
        return False
    these, those = counted_words(passage.row.generated_text), counted_words(other.row.generated_text)
    apart = word_errors(these, those).rate
    return apart is not None and (apart <= MOST_ERRORS or "".join(these) == "".join(those))
