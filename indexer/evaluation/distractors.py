"""Distractors: any number of generated transcripts, to measure the effect of scale on search."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Final

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens

_END: Final = ""
"""Marks the start and the end of a sequence; no word or letter is empty."""

_RARE: Final = 2
"""Words in at most this many transcripts are replaced by generated ones."""

_TRIES: Final = 100
"""Attempts to generate a new word, before letters are appended to a known one."""


class Chain:
    """A Markov chain over the last ``order`` items, with the observed frequencies (Shannon 1948)."""

    def __init__(self, sequences: Iterable[Sequence[str]], order: int) -> None:
        self._order = order
        self._followers: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for sequence in sequences:
            ended = [*(_END,) * order, *sequence, _END]
            for at in range(order, len(ended)):
                self._followers[tuple(ended[at - order : at])].append(ended[at])

    def walk(self, rng: Random) -> Iterator[str]:
        """One random sequence, from start to end."""
        state = (_END,) * self._order
        while (item := rng.choice(self._followers[state])) != _END:
            yield item
            state = (*state[1:], item)


def distractors(transcripts: Iterable[str], number: int, *, verbatim: bool = False) -> Iterator[ClipRow]:
    """``number`` records with the ids ``distractor-0000001``, …; deterministic for the same transcripts.

    Words follow each other as in the transcripts: a first-order Markov chain with start and end. A plain chain,
    however, repeats each word that occurs once ``number`` / len(transcripts) times. At 100,000 distractors for 1,860
    clips, no word would be rare any more, and no ranking could distinguish 54 copies; real corpora grow by new rare
    words. So each word that occurs in at most two transcripts is replaced by a generated one, drawn letter by letter
    from a trigram model of those words. ``verbatim`` keeps the original words.
    """
    tokenised = [tokens(transcript) for transcript in transcripts]
    sentences = Chain(tokenised, order=1)
    clips_with = Counter(word for words in tokenised for word in set(words))
    rare = {word for word, clips in clips_with.items() if clips <= _RARE and not verbatim}
    spelling = Chain(sorted(rare), order=2)
    rng = Random("distractors")  # noqa: S311 – sampling for statistics, not for secrets
    for count in range(1, number + 1):
        words = [_new_word(spelling, clips_with, rng) if word in rare else word for word in sentences.walk(rng)]
        yield ClipRow(f"distractor-{count:07}", generated_text=" ".join(words))


def _new_word(spelling: Chain, known: Counter[str], rng: Random) -> str:
    """A generated word that is not ``known``."""
    for _ in range(_TRIES):
        if (word := "".join(spelling.walk(rng))) not in known:
            return word
    while word in known:  # too few rare words to generate a new one
        word += word[-1]
    return word
