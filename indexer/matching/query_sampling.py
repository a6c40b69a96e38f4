"""Queries sampled from references, as somebody would type who knows what was said, with the relevant clips.

Some are for words that nobody said, to measure what is found for them.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice, pairwise
from random import Random
from typing import Final

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens
from indexer.documents import stem
from indexer.phonetics.channel import dictionary_words

SAID: Final = ("one", "two", "three")
"""Kinds of queries for said words, by their number."""

ABSENT: Final = ("absent", "absent two", "absent three")
"""Kinds with a word that nobody said, which have no relevant clip: the word alone, or with words of a reference."""

KINDS: Final = (*SAID, "phrase", "misspelt", *ABSENT, "frequent")
"""Kinds of queries, in the order in which they are reported."""

FREQUENT: Final = "frequent"
"""The kind that has more than one relevant clip."""

SHORTEST_WORD: Final = 4
"""Letters of the shortest word that is sampled."""

RARE: Final = 3
"""A word that forms a query alone occurs in at most this many references."""

COMMON: Final = 150
"""Words in at least this many references are too frequent for queries of two or three words. It is a number, not a
share, because it was chosen on the 1,860 clips of the published results."""

FREQUENT_SHARE: Final = 0.01
"""A frequent word occurs in more than this share of the references."""

ABSENT_SHARE: Final = 4
"""Number of queries for said words for each one for a word that nobody said."""

_TRIES: Final = 50
"""Attempts to misspell a word before it is skipped."""


@dataclass(frozen=True, slots=True)
class TranscribedClip:
    """The reference and the transcript of a clip, as normalised tokens in order."""

    clip: str
    reference: tuple[str, ...]
    transcript: tuple[str, ...]

    @property
    def sentence(self) -> str:
        return " ".join(self.reference)


@dataclass(frozen=True, slots=True)
class SampledQuery:
    """The ``text`` of a query, and the clips that are ``relevant`` results.

    ``source`` is the unit that a bootstrap resamples: the clip that the query was sampled from, or a frequent word
    itself. ``is_lost`` says that the transcript lacks a word of the query, in its correct spelling, or the words of a
    phrase next to each other.
    """

    kind: str
    text: str
    source: str
    relevant: frozenset[str]
    is_lost: bool

    @property
    def is_absent(self) -> bool:
        """Whether nobody said one of its words."""
        return self.kind in ABSENT


def references_of(rows: Iterable[ClipRow]) -> list[TranscribedClip]:
    """The references and transcripts of scorable records, in the same order."""
    return [TranscribedClip(row.id, tuple(tokens(row.text)), tuple(tokens(row.generated_text))) for row in rows]


_Made = tuple[str, bool] | None
"""The text of a query and whether it is lost; None if no query can be made of the reference."""

_Maker = Callable[[TranscribedClip, Random], _Made]


class QuerySampler:
    """Samples queries from references. The same seed gives the same queries, in any process."""

    def __init__(self, references: Sequence[TranscribedClip]) -> None:
        self._references = references
        self._clips_with = Counter(word for clip in references for word in set(clip.reference))
        sentences = Counter(clip.sentence for clip in references)
        self._targets = [clip for clip in references if sentences[clip.sentence] == 1]
        self._absent = _absent_words(self._clips_with)
        self._letters = sorted({letter for word in self._clips_with if _is_word(word) for letter in word})

    def draw(self, seed: int, per_kind: int) -> Iterator[SampledQuery]:
        """Up to ``per_kind`` queries of each kind, at most one of a kind per clip.

        For each `ABSENT_SHARE` queries of one, two or three words there is one with a word that nobody said. Only clips
        whose sentence occurs once are sampled from. Words have at least `SHORTEST_WORD` letters and no
        digit.
        """
        makers: dict[str, _Maker] = {
            "one": self._one,
            "two": lambda clip, rng: self._several(clip, rng, 2),
            "three": lambda clip, rng: self._several(clip, rng, 3),
            "phrase": self._phrase,
            "misspelt": self._misspelt,
        }
        counts = Counter[str]()
        for kind, make in makers.items():
            rng = Random(f"{seed} {kind}")  # noqa: S311 – sampling for statistics, not for secrets
            for query in islice(self._of_kind(kind, make, rng), per_kind):
                counts[kind] += 1
                yield query
        yield from self._absent_ones(seed, [counts[kind] // ABSENT_SHARE for kind in SAID])
        least = FREQUENT_SHARE * len(self._references)
        words = sorted(word for word, clips in self._clips_with.items() if clips > least and _is_word(word))
        rng = Random(f"{seed} {FREQUENT}")  # noqa: S311 – sampling for statistics, not for secrets
        for word in rng.sample(words, min(per_kind, len(words))):
            relevant = frozenset(clip.clip for clip in self._references if word in clip.reference)
            yield SampledQuery(FREQUENT, word, word, relevant, is_lost=False)

    def _of_kind(self, kind: str, make: _Maker, rng: Random) -> Iterator[SampledQuery]:
        """One query of this kind from each clip that allows one, in random order."""
        for clip in rng.sample(self._targets, len(self._targets)):
            if made := make(clip, rng):
                typed, is_lost = made
                yield SampledQuery(kind, typed, clip.clip, frozenset((clip.clip,)), is_lost)

    def _absent_ones(self, seed: int, numbers: Sequence[int]) -> Iterator[SampledQuery]:
        """Words that nobody said; and queries for two or three words, one of which is replaced by such a word."""
        alone, *several = ABSENT
        rng = Random(f"{seed} {alone}")  # noqa: S311 – sampling for statistics, not for secrets
        for word in rng.sample(self._absent, min(numbers[0], len(self._absent))):
            yield SampledQuery(alone, word, word, frozenset(), is_lost=True)
        for size, (kind, number) in enumerate(zip(several, numbers[1:], strict=True), 2):
            rng = Random(f"{seed} {kind}")  # noqa: S311 – sampling for statistics, not for secrets
            made = self._of_kind(kind, partial(self._with_an_absent_one, size=size), rng)
            yield from (replace(query, relevant=frozenset()) for query in islice(made, number))

    def _with_an_absent_one(self, clip: TranscribedClip, rng: Random, size: int) -> _Made:
        if not self._absent or not (made := self._several(clip, rng, size)):
            return None
        words = made[0].split()
        words[rng.randrange(size)] = rng.choice(self._absent)
        return " ".join(words), True

    def _one(self, clip: TranscribedClip, rng: Random) -> _Made:
        if not (words := self._words(clip, RARE)):
            return None
        word = rng.choice(words)
        return word, word not in clip.transcript

    def _several(self, clip: TranscribedClip, rng: Random, number: int) -> _Made:
        words = self._words(clip, COMMON - 1)
        if len(words) < number:
            return None
        chosen = [words[at] for at in sorted(rng.sample(range(len(words)), number))]  # in their original order
        return " ".join(chosen), not set(chosen) <= set(clip.transcript)

    def _phrase(self, clip: TranscribedClip, rng: Random) -> _Made:
        significant = set(self._words(clip, COMMON - 1))
        phrases = [phrase for phrase in _trigrams(clip.reference) if significant & set(phrase)]
        if not phrases:
            return None
        phrase = rng.choice(phrases)
        return f'"{" ".join(phrase)}"', phrase not in _trigrams(clip.transcript)

    def _misspelt(self, clip: TranscribedClip, rng: Random) -> _Made:
        if not (words := self._words(clip, RARE)):
            return None
        word = rng.choice(words)
        for _ in range(_TRIES):
            if (typed := misspelt(word, self._letters, rng)) not in self._clips_with:
                return typed, word not in clip.transcript
        return None

    def _words(self, clip: TranscribedClip, most: int) -> list[str]:
        """The different words that occur in at most ``most`` references, in their original order."""
        return [word for word in dict.fromkeys(clip.reference) if _is_word(word) and self._clips_with[word] <= most]


def misspelt(word: str, letters: Sequence[str], rng: Random) -> str:
    """The word with one random letter replaced by one of ``letters``, dropped or doubled, or two neighbours swapped.

    The result may be the word itself, if a letter is replaced by or swapped with an equal one.
    """
    at = rng.randrange(len(word))
    match rng.choice(("change", "drop", "double", "swap")):
        case "change":
            return word[:at] + rng.choice(letters) + word[at + 1 :]
        case "drop":
            return word[:at] + word[at + 1 :]
        case "double":
            return word[: at + 1] + word[at:]
        case _:
            at = min(at, len(word) - 2)
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _is_word(token: str) -> bool:
    return len(token) >= SHORTEST_WORD and not any(map(str.isnumeric, token))


def _trigrams(tokens: Sequence[str]) -> list[tuple[str, ...]]:
    """All sequences of three neighbouring tokens."""
    return [tuple(tokens[at : at + 3]) for at in range(len(tokens) - 2)]


def _absent_words(clips_with: Mapping[str, int]) -> list[str]:
    """The words of the English dictionary of which no reference contains any form, the same stem."""
    said = set(map(stem, clips_with))
    return sorted(word for word in dictionary_words() if _is_word(word) and stem(word) not in said)


def parts(rows: Iterable[ClipRow], number: int) -> list[list[ClipRow]]:
    """The records in this many parts of about the same size without a common sentence; deterministic."""
    by_sentence: defaultdict[str, list[ClipRow]] = defaultdict(list)
    for row in rows:
        by_sentence[" ".join(tokens(row.text))].append(row)
    sentences = sorted(by_sentence)
    Random("halves").shuffle(sentences)  # noqa: S311 – sampling for statistics, not for secrets
    bounds = [len(sentences) * part // number for part in range(number + 1)]
    return [
        [row for sentence in sentences[low:high] for row in by_sentence[sentence]] for low, high in pairwise(bounds)
    ]
