"""Suggestions from the index's own words: how a word that is being typed may go on, and what was meant by another."""

import re
from bisect import bisect_left
from heapq import nsmallest
from typing import Final

from hearsay.text.normalize import tokens
from indexer.phonetics.expansion import FEATURES, Expander
from indexer.phonetics.lexicon import Lexicon
from indexer.query.parser import parse
from indexer.query.planner import Planner
from indexer.query.syntax_tree import words_of

OFTEN: Final = 3
"""Passages that make a word real which no dictionary has: what was heard so once or twice may have been misheard."""

FARTHEST: Final = 0.25
"""Cost of letters, per letter typed, up to which a word may be the one that was meant."""

_LAST_WORD: Final = re.compile(r"(?:^|(?<=[\s\"“„«-]))[^\s\"“”„«»:*~-]+$")
_WORD: Final = re.compile(r"(?<![:\w'’])[\w'’]+")
_LAST_LETTER: Final = "\U0010ffff"

_SPELLED_RIGHT, _LETTERS, _KNOWN = (
    FEATURES.index(name)
    for name in (
        "whether the dictionary knows the word asked for",
        "letter cost of the whole, per letter",
        "share of it that the dictionary knows",
    )
)


def completions(lexicon: Lexicon, typed: str, most: int) -> list[str]:
    """What was typed with its last word completed, up to ``most`` times; what most passages have comes first."""
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
    """What was typed, with the nearest real word in place of each that no passage has and no dictionary.

    None where no word is near, and where there is nothing to mend: a word that is spelled right was meant.
    """
    expander = planner.expander()
    lost = [word for word in dict.fromkeys(words_of(parse(typed).tree)) if expander.lexicon.passages_with(word) == 0]
    better = {word: near for word in lost if not word.endswith("*") and (near := _nearest(expander, word))}
    retyped = _WORD.sub(lambda found: better.get("".join(tokens(found.group())), found.group()), typed)
    return retyped if better and retyped != typed else None


def _nearest(expander: Expander, word: str) -> str | None:
    """The word of the index that is spelled nearest to one that no dictionary has; of several the most frequent."""
    lexicon = expander.lexicon
    near = expander.candidates(word, lexicon.single)
    found = []
    for row, features in zip(near.rows, near.features.tolist(), strict=True):
        other, cost = lexicon.words[row], features[_LETTERS]
        is_real = features[_KNOWN] == 1 or lexicon.passages_with(other) >= OFTEN
        if cost <= FARTHEST and is_real and not features[_SPELLED_RIGHT]:
            found.append((cost, -lexicon.passages_with(other), other))
    return min(found)[-1] if found else None
