"""Similarity: from one passage to similar ones, and to those in which the same sentence was said."""

from typing import Final

from hearsay.text.normalize import tokens
from hearsay.text.normalize import words as counted_words
from hearsay.text.wer import word_errors
from indexer.errors import WrongRequest
from indexer.index import Request, SearchReader
from indexer.passages import Passage
from indexer.phonetics.lexicon import Lexicon
from indexer.query.builder import DEFAULT_MODE
from indexer.query.explanation import QueryTerm
from indexer.query.planner import Plan, Planner
from indexer.query_tree import NOTHING, AnyOf, Constant, Phrase, Query, Term, Without

MOST_SIGNIFICANT: Final = 12
"""Maximum number of significant words of a passage."""

COMMON: Final = 0.1
"""Words in more than this share of the passages are not significant."""

MOST_CANDIDATES: Final = 200
"""Number of passages that are compared with a sentence; shorter references score higher, so equal ones come first."""

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


def significant_words(passage: Passage, lexicon: Lexicon) -> tuple[str, ...]:
    """Up to `MOST_SIGNIFICANT` words of a transcript, by descending inverse document frequency.

    Words that no other passage has are left out. Words that the lexicon lacks count as rare: they are numbers, or in
    another script.
    """
    counts = {token: lexicon.passages_with(token) for token in tokens(passage.row.generated_text)}
    shared = {token: count for token, count in counts.items() if count != 1}
    rare = [token for token, count in shared.items() if count <= COMMON * lexicon.passages]
    return tuple(sorted(rare or shared, key=shared.__getitem__)[:MOST_SIGNIFICANT])


def more_like(passage: Passage, lexicon: Lexicon) -> Query:
    """Passages of other clips that share significant words, ranked by BM25."""
    wanted = significant_words(passage, lexicon)
    return Without(_any_of(wanted), Term("clip", passage.clip)) if wanted else NOTHING


def same_sentence(passage: Passage, index: SearchReader) -> Query:
    """Clips with the same reference, including this one; without a reference, those with a similar transcript.

    The index has no sentences, only their words. So the best `MOST_CANDIDATES` passages with these words are compared,
    and the query names the clips that pass.
    """
    reference = _reference(passage)
    wanted = tuple(reference or tokens(passage.row.generated_text))
    if not wanted:
        return NOTHING
    has_words: Query
    if reference:
        has_words = Phrase("text_tokens", wanted) if len(wanted) > 1 else Term("text_tokens", wanted[0])
    else:
        has_words = _any_of(tuple(dict.fromkeys(wanted)))
    near = index.search(Request(has_words, size=MOST_CANDIDATES)).hits
    clips = [hit.passage.clip for hit in near if _is_same(passage, hit.passage)]
    return Constant(AnyOf(tuple(Term("clip", clip) for clip in clips)), 1.0) if clips else NOTHING


def plan_like(index: SearchReader, passage_id: str) -> Plan:
    """The plan of a search for similar passages; raises `WrongRequest` if the index does not have the passage."""
    passage = _passage(index, passage_id)
    lexicon = index.lexicon()
    shared = tuple(QueryTerm(word, is_optional=True) for word in significant_words(passage, lexicon))
    sentence = f"clips that share significant words with {passage_id}"
    return Plan(more_like(passage, lexicon), DEFAULT_MODE, sentence, (), shared, None)


def plan_same(index: SearchReader, passage_id: str) -> Plan:
    """The plan of a search for the same sentence; raises `WrongRequest` if the index does not have the passage."""
    passage = _passage(index, passage_id)
    sentence = f"clips with the same sentence as {passage_id}"
    return Plan(same_sentence(passage, index), DEFAULT_MODE, sentence, (), (), None)


def _passage(index: SearchReader, passage_id: str) -> Passage:
    if passage := index.get(passage_id):
        return passage
    raise WrongRequest(f"the index has no clip {passage_id}; it was deleted, or has another id in search results")


def _any_of(wanted: tuple[str, ...]) -> Query:
    return AnyOf(tuple(Term("tokens", token) for token in wanted))


def _reference(passage: Passage) -> list[str]:
    """The tokens of the reference; empty for a part of a recording, whose reference is that of the whole."""
    return tokens(passage.row.text) if passage.is_whole else []


def _is_same(passage: Passage, other: Passage) -> bool:
    if reference := _reference(passage):
        return _reference(other) == reference
    if not other.is_whole:  # only whole clips are compared
        return False
    these, those = counted_words(passage.row.generated_text), counted_words(other.row.generated_text)
    apart = word_errors(these, those).rate
    return apart is not None and (apart <= MOST_ERRORS or "".join(these) == "".join(those))
