"""Distractors: made-up transcripts in any number, so that one sees what scale does to search."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Final

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens

_END: Final = ""
"""Stands before the first and behind the last of a chain; no word or letter is empty."""

_ONCE_HEARD: Final = 2
"""Transcripts, at most, that have a word which stands for all the rare ones there are."""

_TRIES: Final = 100
"""At a made-up word that no transcript has, before one that some has gets letters added."""


class Chain:
    """A Markov chain: what followed on the last ``order`` items, as often as it did (Shannon 1948)."""

    def __init__(self, sequences: Iterable[Sequence[str]], order: int) -> None:
        self._order = order
        self._followers: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for sequence in sequences:
            ended = [*(_END,) * order, *sequence, _END]
            for at in range(order, len(ended)):
                self._followers[tuple(ended[at - order : at])].append(ended[at])

    def walk(self, rng: Random) -> Iterator[str]:
        """One sequence, from start to end."""
        state = (_END,) * self._order
        while (item := rng.choice(self._followers[state])) != _END:
            yield item
            state = (*state[1:], item)


def distractors(transcripts: Iterable[str], number: int, *, as_heard: bool = False) -> Iterator[ClipRow]:
    """``number`` rows with the ids ``distractor-0000001`` and on, always the same for the same transcripts.

    Words follow each other as in the transcripts: a first-order chain over words, with start and end. A plain chain
    says every word that was heard once ``number`` / transcripts times; at 100,000 distractors to 1,860 clips no word
    would be rare any more, and no ranking could tell 54 copies apart, which is not what a larger corpus is like: there,
    rare words are new ones. So each time that the chain comes to a word that at most two transcripts have, a made-up
    word stands in its place, drawn letter by letter from a trigram model of those words. ``as_heard`` leaves them.
    """
    heard = [tokens(transcript) for transcript in transcripts]
    sentences = Chain(heard, order=1)
    clips_with = Counter(word for words in heard for word in set(words))
    rare = {word for word, clips in clips_with.items() if clips <= _ONCE_HEARD and not as_heard}
    spelling = Chain(sorted(rare), order=2)
    rng = Random("distractors")  # noqa: S311 – drawn for figures, not for secrets
    for count in range(1, number + 1):
        said = [_made_up(spelling, clips_with, rng) if word in rare else word for word in sentences.walk(rng)]
        yield ClipRow(f"distractor-{count:07}", generated_text=" ".join(said))


def _made_up(spelling: Chain, known: Counter[str], rng: Random) -> str:
    """A word that is not ``known``."""
    for _ in range(_TRIES):
        if (word := "".join(spelling.walk(rng))) not in known:
            return word
    while word in known:  # there are too few rare words to make others of
        word += word[-1]
    return word
