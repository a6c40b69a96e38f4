"""Suggestions from the words of the index: completions of the last word, and corrections of misspelt words."""

import re
from bisect import bisect_left
from heapq import nsmallest
from typing import Final

from hearsay.text.normalize import tokens
from indexer.phonetics.alphabets import has_digit
from indexer.phonetics.expansion import FEATURES, Expander
from indexer.phonetics.lexicon import Lexicon
from indexer.query.parser import parse
from indexer.query.planner import Planner
from indexer.query.syntax_tree import words_of

OFTEN: Final = 3
"""A word that is not in the dictionary is suggested only if at least this many passages contain it; rarer ones may be
misrecognitions."""

FARTHEST: Final = 0.25
"""Maximum cost of letters, per letter typed, of a correction."""

_LAST_WORD: Final = re.compile(r"(?:^|(?<=[\s\"“„«–—−-]))[^\s\"“”„«»:*~–—−-]+$")
_WORD: Final = re.compile(r"(?<![:\w'’])[\w'’]+")
_LAST_LETTER: Final = "\U0010ffff"

_SPELLED_RIGHT, _LETTERS, _KNOWN = (
    FEATURES.index(name)
    for name in (
        "whether the dictionary knows the query word",
        "letter cost of the whole, per letter",
        "share of the candidate that the dictionary knows",
    )
)


def completions(lexicon: Lexicon, typed: str, most: int) -> list[str]:
    """The text with its last word completed, up to ``most`` times, by descending number of passages."""
    last = _LAST_WORD.search(typed)
    started = tokens(last.group()) if last else []
    if not last or len(started) != 1:
        return []
    start = started[0]
    words = lexicon.words[bisect_left(lexicon.words, start) : bisect_left(lexicon.words, start + _LAST_LETTER)]
    longer = (word for word in words if word != start)
    best = nsmallest(most, longer, key=lambda word: (-lexicon.passages_with(word), word))
    return [typed[: last.start()] + word for word in best]


def did_you_mean(planner: Planner, typed: str) -> str | None:
    """The text with each unknown word replaced by the most similar known word.

    A word is unknown if neither a passage nor the dictionary has it, and it has no digit. None if there is no such
    word, or no similar one.
    """
    expander = planner.expander()
    lost = [word for word in dict.fromkeys(words_of(parse(typed).tree)) if expander.lexicon.passages_with(word) == 0]
    spelled = [word for word in lost if not word.endswith("*") and not has_digit(word)]
    better = {word: near for word in spelled if (near := _nearest(expander, word))}
    retyped = _WORD.sub(lambda found: better.get("".join(tokens(found.group())), found.group()), typed)
    return retyped if better and retyped != typed else None


def _nearest(expander: Expander, word: str) -> str | None:
    """The index's word with the most similar spelling; of equally similar ones the most frequent."""
    lexicon = expander.lexicon
    near = expander.candidates(word, lexicon.single)
    found = []
    for row, features in zip(near.rows, near.features.tolist(), strict=True):
        other, cost = lexicon.words[row], features[_LETTERS]
        is_real = features[_KNOWN] == 1 or lexicon.passages_with(other) >= OFTEN
        if cost <= FARTHEST and is_real and not features[_SPELLED_RIGHT]:
            found.append((cost, -lexicon.passages_with(other), other))
    return min(found)[-1] if found else None
