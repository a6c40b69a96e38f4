"""Modes: what a person typed, and how they want it found, becomes a query tree."""

from collections.abc import Callable, Sequence
from typing import Final

from clips.normalise import tokens
from indexer.errors import WrongRequest
from indexer.query import EVERYTHING, AllOf, AnyOf, Query, Term
from indexer.stems import stem

MODES: Final = ("exact", "forgiving", "sounds-like", "baseline")
"""Every mode there is a name for; `READY_MODES` are those that answer."""

DEFAULT_MODE: Final = "exact"

STEM_WEIGHT: Final = 0.5
"""What a word counts that has only its stem in common, beside 1 for the word itself."""

MOST_WORDS: Final = 200
"""Different words of one search; Elasticsearch refuses trees that are much larger."""

NOTHING: Final = Term("tokens", "")
"""Matches no passage: no token is empty."""


def every_word(words: Sequence[str]) -> Query:
    """Every word as heard or by its stem; the word itself always scores more than its stem alone."""
    children = tuple(AnyOf((Term("tokens", word), Term("stems", stem(word), STEM_WEIGHT))) for word in words)
    return children[0] if len(children) == 1 else AllOf(children)


def any_word(words: Sequence[str]) -> Query:
    """Any word, exactly as heard, ranked by plain BM25."""
    children = tuple(Term("tokens", word) for word in words)
    return children[0] if len(children) == 1 else AnyOf(children)


_BUILDERS: Final[dict[str, Callable[[Sequence[str]], Query]]] = {"exact": every_word, "baseline": any_word}

READY_MODES: Final = tuple(mode for mode in MODES if mode in _BUILDERS)


def build_query(words: str, mode: str = DEFAULT_MODE) -> Query:
    """The query tree for what a person typed.

    Nothing typed asks for everything; something without a letter or digit finds nothing, and `note_on` says why. A word
    typed twice is asked for once. Raises `WrongRequest` for a mode that does not answer and for too many words.
    """
    if mode not in _BUILDERS:
        raise WrongRequest(f"there is no mode {mode} here; the modes are {' and '.join(READY_MODES)}")
    if not words.strip():
        return EVERYTHING
    asked = tuple(dict.fromkeys(tokens(words)))
    if len(asked) > MOST_WORDS:
        raise WrongRequest(f"a search takes up to {MOST_WORDS} different words, these are {len(asked)}; leave some out")
    return _BUILDERS[mode](asked) if asked else NOTHING


def note_on(words: str) -> str | None:
    """A sentence for a person whose words hold nothing to search for; None where they do, or nothing was typed."""
    if not words.strip() or tokens(words):
        return None
    return f"“{words.strip()}” has no letters or digits to search for"
