"""A bigram model of English: how likely a word is, alone and next to another one."""

import io
import lzma
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hearsay.records.files import replaced_whole
from indexer.errors import WrongRequest

SHIPPED: Final = Path(__file__).parent / "english-bigrams.npz.xz"

START: Final = "<s>"
END: Final = "</s>"

UNKNOWN_WORD: Final = math.log(1e-8)
"""Logarithm of the probability of a word that the model lacks."""

MOST_WORDS: Final = 40_000
MOST_BIGRAMS: Final = 400_000
"""Words and bigrams that are kept: the most frequent words, and the bigrams that change the model most."""

_STEPS: Final = 16
"""Steps per nat in which logarithms are stored."""

Numbers = NDArray[np.int64]
Logs = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BigramModel:
    """A bigram model with backoff (Katz 1987) over normalised words, in natural logarithms.

    ``words`` are in order of decreasing frequency; `START` and `END` are among them. ``unigrams`` has the logarithm of
    the probability of each, ``backoffs`` that of its backoff weight. ``pairs`` has the bigrams, shape (pairs,), as
    first * len(words) + second, ascending, and ``pair_logs`` the logarithm of the second's probability after the first.
    """

    words: Sequence[str]
    unigrams: Logs
    backoffs: Logs
    pairs: Numbers
    pair_logs: Logs
    source: str

    def unigram(self, word: str) -> float:
        """The logarithm of a word's probability; `UNKNOWN_WORD` for one that the model lacks."""
        number = self._numbers.get(word)
        return UNKNOWN_WORD if number is None else float(self.unigrams[number])

    def after(self, pairs: Sequence[tuple[str, str]]) -> Logs:
        """The logarithm of the probability of the second word of each pair after its first, shape (pairs,)."""
        first = np.fromiter((self._numbers.get(one, -1) for one, _ in pairs), np.int64, len(pairs))
        second = np.fromiter((self._numbers.get(other, -1) for _, other in pairs), np.int64, len(pairs))
        alone = np.where(second >= 0, self.unigrams[second], UNKNOWN_WORD)
        backed_off = alone + np.where(first >= 0, self.backoffs[first], 0.0)
        keys = first * len(self.words) + second
        at = np.minimum(np.searchsorted(self.pairs, keys), len(self.pairs) - 1)
        is_known = (self.pairs[at] == keys) & (first >= 0) & (second >= 0)
        return np.where(is_known, self.pair_logs[at], backed_off)

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {word: number for number, word in enumerate(self.words)}

    def save(self, file: Path) -> None:
        """Write the model as xz-compressed numpy arrays, with logarithms rounded to sixteenths of a nat."""
        first, second = np.divmod(self.pairs, len(self.words))
        unpacked = io.BytesIO()
        np.savez(
            unpacked,
            words=np.frombuffer("\n".join(self.words).encode(), np.uint8),
            source=np.frombuffer(self.source.encode(), np.uint8),
            unigrams=_rounded(self.unigrams),
            backoffs=_rounded(self.backoffs),
            followers=np.bincount(first, minlength=len(self.words)).astype(np.uint16),
            second=second.astype(np.uint16),
            pair_logs=_rounded(self.pair_logs),
        )
        with replaced_whole(file) as temporary:
            temporary.write_bytes(lzma.compress(unpacked.getvalue(), preset=9 | lzma.PRESET_EXTREME))

    @classmethod
    def load(cls, file: Path) -> "BigramModel":
        with np.load(io.BytesIO(lzma.decompress(file.read_bytes()))) as arrays:
            words = arrays["words"].tobytes().decode().split("\n")
            first = np.repeat(np.arange(len(words)), arrays["followers"])
            return cls(
                words,
                arrays["unigrams"] / _STEPS,
                arrays["backoffs"] / _STEPS,
                first * len(words) + arrays["second"].astype(np.int64),
                arrays["pair_logs"] / _STEPS,
                arrays["source"].tobytes().decode(),
            )


@cache
def english_bigrams() -> BigramModel:
    """The model that ships with Hearsay, read on first use."""
    return BigramModel.load(SHIPPED)


def from_arpa(lines: Iterable[str], source: str) -> BigramModel:
    """The most frequent words and the most useful bigrams of a language model in ARPA format; trigrams are ignored.

    Apostrophes are dropped, as in transcripts; of words that become equal, the most frequent one counts. A bigram is
    the more useful, the more it would change the model to leave it out: its probability times the difference of its
    logarithm to the backoff (relative entropy, Stolcke 1998, without the change of the backoff weights). Backoff
    weights are computed again from the bigrams that are kept. Raises `WrongRequest` for a file without bigrams.
    """
    unigrams: dict[str, float] = {}
    pairs: dict[tuple[str, str], float] = {}
    for log, *words in _ngrams(lines):
        if len(words) == 1:
            unigrams[words[0]] = max(log, unigrams.get(words[0], log))
        else:
            first, second = words
            pairs[first, second] = max(log, pairs.get((first, second), log))
    if not pairs:
        raise WrongRequest(f"{source} has no bigrams; name a language model in ARPA format")
    kept = sorted(unigrams, key=lambda word: (word not in (START, END), -unigrams[word], word))[:MOST_WORDS]
    numbers = {word: number for number, word in enumerate(kept)}
    alone = np.array([unigrams[word] for word in kept])
    known = {(numbers[a], numbers[b]): log for (a, b), log in pairs.items() if a in numbers and b in numbers}
    first, second = np.array(list(known)).T
    logs = np.array(list(known.values()))
    worth = np.exp(alone[first] + logs) * np.abs(logs - alone[second] - _backoffs(first, second, logs, alone)[first])
    best = np.argsort(-worth, kind="stable")[:MOST_BIGRAMS]
    best = best[np.argsort(first[best] * len(kept) + second[best])]
    first, second, logs = first[best], second[best], logs[best]
    return BigramModel(kept, alone, _backoffs(first, second, logs, alone), first * len(kept) + second, logs, source)


def _ngrams(lines: Iterable[str]) -> Iterator[tuple[float, *tuple[str, ...]]]:
    """The unigrams and bigrams of an ARPA file, each with its natural logarithm."""
    order = 0
    for line in lines:
        if line.startswith("\\"):
            order = {"\\1-grams:": 1, "\\2-grams:": 2}.get(line.strip(), 0)
        elif order and len(parts := line.split()) > order:
            yield float(parts[0]) * math.log(10), *(_normalised(word) for word in parts[1 : 1 + order])


def _normalised(word: str) -> str:
    return word if word in (START, END) else word.lower().replace("'", "")


def _backoffs(first: Numbers, second: Numbers, logs: Logs, alone: Logs) -> Logs:
    """The backoff weight of each word, so that the probabilities after it add up to 1."""
    following, unseen = (np.bincount(first, np.exp(some), len(alone)) for some in (logs, alone[second]))
    return np.log(np.clip(1 - following, 1e-3, 1) / np.clip(1 - unseen, 1e-3, 1))


def _rounded(logs: Logs) -> NDArray[np.int16]:
    return np.round(np.clip(logs, -30, 30) * _STEPS).astype(np.int16)
