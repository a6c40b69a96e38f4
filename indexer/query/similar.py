"""Likeness: from one passage to those that are like it, and to those in which the same sentence was said."""

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

MOST_TELLING: Final = 12
"""Words of a passage that others are to share."""

COMMON: Final = 0.1
"""Share of the passages from which on a word that they have tells nothing of one."""

MOST_VOICES: Final = 200
"""Passages in which one sentence is looked for; a shorter reference scores higher, so the same one comes first."""

MOST_APART: Final = 0.25
"""Word errors per word up to which two transcripts are of the same sentence."""


def planned(
    index: SearchReader, planner: Planner, words: str, mode: str, *, like: str | None = None, same: str | None = None
) -> Plan:
    """How to search for words, or in their place for what is ``like`` a passage or has the ``same`` sentence.

    Raises `WrongRequest` where more than one of the three is asked for.
    """
    if sum(map(bool, (words.strip(), like, same))) > 1:
        raise WrongRequest("a search is for words, for what is like a passage, or for its sentence: name one of them")
    if like:
        return plan_like(index, like)
    return plan_same(index, same) if same else planner.plan(words, mode)


def telling_words(passage: Passage, lexicon: Lexicon) -> tuple[str, ...]:
    """Up to `MOST_TELLING` words of a transcript, by falling inverse document frequency.

    A word that no other passage has is none of them. One that the lexicon does not know is rare: it is a number, or in
    another script.
    """
    counts = {token: lexicon.passages_with(token) for token in tokens(passage.row.generated_text)}
    shared = {token: count for token, count in counts.items() if count != 1}
    rare = [token for token, count in shared.items() if count <= COMMON * lexicon.passages]
    return tuple(sorted(rare or shared, key=shared.__getitem__)[:MOST_TELLING])


def more_like(passage: Passage, lexicon: Lexicon) -> Query:
    """Passages of other clips that share telling words, those first that share the most, by BM25."""
    wanted = telling_words(passage, lexicon)
    return Without(_any_of(wanted), Term("clip", passage.clip)) if wanted else NOTHING


def same_sentence(passage: Passage, index: SearchReader) -> Query:
    """Clips with the same reference, this one among them; of a passage without one, those that were heard alike.

    The index has no sentences to compare, only their words: so those that have the words are looked at, at most
    `MOST_VOICES`, and the clips are asked for that have nothing else.
    """
    reference = _reference(passage)
    wanted = tuple(reference or tokens(passage.row.generated_text))
    if not wanted:
        return NOTHING
    has_words = _in_a_row("text_tokens", wanted) if reference else _any_of(tuple(dict.fromkeys(wanted)))
    near = index.search(Request(has_words, size=MOST_VOICES)).hits
    clips = [hit.passage.clip for hit in near if _is_same(passage, hit.passage)]
    return Constant(AnyOf(tuple(Term("clip", clip) for clip in clips)), 1.0) if clips else NOTHING


def plan_like(index: SearchReader, passage_id: str) -> Plan:
    """How to look for more like this passage; raises `WrongRequest` where the index does not have it."""
    passage = _passage(index, passage_id)
    lexicon = index.lexicon()
    shared = tuple(QueryTerm(word, is_optional=True) for word in telling_words(passage, lexicon))
    sentence = f"clips that share telling words with {passage_id}"
    return Plan(more_like(passage, lexicon), DEFAULT_MODE, sentence, (), shared, None)


def plan_same(index: SearchReader, passage_id: str) -> Plan:
    """How to look for the same sentence; raises `WrongRequest` where the index does not have the passage."""
    passage = _passage(index, passage_id)
    sentence = f"clips with the same sentence as {passage_id}"
    return Plan(same_sentence(passage, index), DEFAULT_MODE, sentence, (), (), None)


def _passage(index: SearchReader, passage_id: str) -> Passage:
    if passage := index.get(passage_id):
        return passage
    raise WrongRequest(f"the index has no clip {passage_id}; it was deleted, or search shows it under another id")


def _any_of(wanted: tuple[str, ...]) -> Query:
    return AnyOf(tuple(Term("tokens", token) for token in wanted))


def _in_a_row(field: str, wanted: tuple[str, ...]) -> Query:
    return Phrase(field, wanted) if len(wanted) > 1 else Term(field, wanted[0])


def _reference(passage: Passage) -> list[str]:
    """The tokens of a reference; that of a long recording says nothing of one of its parts."""
    return tokens(passage.row.text) if passage.is_whole else []


def _is_same(passage: Passage, other: Passage) -> bool:
    if reference := _reference(passage):
        return _reference(other) == reference
    if not other.is_whole:  # a clip is asked for whole
        return False
    these, those = counted_words(passage.row.generated_text), counted_words(other.row.generated_text)
    apart = word_errors(these, those).rate
    return apart is not None and (apart <= MOST_APART or "".join(these) == "".join(those))
