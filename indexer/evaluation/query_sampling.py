"""Questions drawn from references: what people would type who know what was said, with the clips that they mean."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Final

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens

KINDS: Final = ("one", "two", "three", "phrase", "misspelt", "frequent")
"""Of questions, in the order in which they are told."""

FREQUENT: Final = "frequent"
"""The kind that has no one clip as its target."""

SHORTEST_WORD: Final = 4
"""Letters."""

RARE: Final = 3
"""References, at most, that have a word that is asked for by itself."""

COMMON: Final = 150
"""References, and more, that have a word which says too little to be one of two or three. A number and no share,
since it was chosen on the 1,860 clips that the published figures are of."""

FREQUENT_SHARE: Final = 0.01
"""Of the references, more than which have a frequent word."""

_TRIES: Final = 50
"""At making a word misspelt before it is passed over."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What was said in a clip and what was heard, as normalised tokens in order."""

    clip: str
    said: tuple[str, ...]
    heard: tuple[str, ...]

    @property
    def sentence(self) -> str:
        return " ".join(self.said)


@dataclass(frozen=True, slots=True)
class Question:
    """What is typed, and the clips that are ``right`` answers.

    ``source`` is the clip that it was drawn from, of a frequent word the word itself: what a bootstrap draws again.
    ``is_lost`` says that the transcript misses a word of it, as spelt right, or a phrase's words side by side.
    """

    kind: str
    typed: str
    source: str
    right: frozenset[str]
    is_lost: bool


def references_of(rows: Iterable[ClipRow]) -> list[Reference]:
    """The references of scorable rows, in their order."""
    return [Reference(row.id, tuple(tokens(row.text)), tuple(tokens(row.generated_text))) for row in rows]


_Made = tuple[str, bool] | None
"""What is typed and whether it is lost; None where the reference has nothing to make it of."""

_Maker = Callable[[Reference, Random], _Made]


class Drawing:
    """Draws questions from references. The same seed draws the same questions, in any process."""

    def __init__(self, references: Sequence[Reference]) -> None:
        self._references = references
        self._clips_with = Counter(word for reference in references for word in set(reference.said))
        sentences = Counter(reference.sentence for reference in references)
        self._targets = [reference for reference in references if sentences[reference.sentence] == 1]
        self._letters = sorted({letter for word in self._clips_with if _is_word(word) for letter in word})

    def draw(self, seed: int, per_kind: int) -> Iterator[Question]:
        """Up to ``per_kind`` questions of every kind, of one kind at most one from a clip.

        Targets are clips whose sentence occurs once. Words have at least `SHORTEST_WORD` letters and no digit.
        """
        makers: dict[str, _Maker] = {
            "one": self._one,
            "two": lambda reference, rng: self._several(reference, rng, 2),
            "three": lambda reference, rng: self._several(reference, rng, 3),
            "phrase": self._phrase,
            "misspelt": self._misspelt,
        }
        for kind, make in makers.items():
            rng = Random(f"{seed} {kind}")  # noqa: S311 – drawn for figures, not for secrets
            yield from islice(self._of_kind(kind, make, rng), per_kind)
        yield from self._frequent(seed, per_kind)

    def _of_kind(self, kind: str, make: _Maker, rng: Random) -> Iterator[Question]:
        """One question from each clip that has one of this kind, the clips in any order."""
        for reference in rng.sample(self._targets, len(self._targets)):
            if made := make(reference, rng):
                typed, is_lost = made
                yield Question(kind, typed, reference.clip, frozenset((reference.clip,)), is_lost)

    def _one(self, reference: Reference, rng: Random) -> _Made:
        if not (words := self._words(reference, RARE)):
            return None
        word = rng.choice(words)
        return word, word not in reference.heard

    def _several(self, reference: Reference, rng: Random, number: int) -> _Made:
        words = self._words(reference, COMMON - 1)
        if len(words) < number:
            return None
        chosen = [words[at] for at in sorted(rng.sample(range(len(words)), number))]  # in the order they were said
        return " ".join(chosen), not set(chosen) <= set(reference.heard)

    def _phrase(self, reference: Reference, rng: Random) -> _Made:
        telling = set(self._words(reference, COMMON - 1))
        phrases = [phrase for phrase in _threes(reference.said) if telling & set(phrase)]
        if not phrases:
            return None
        phrase = rng.choice(phrases)
        return f'"{" ".join(phrase)}"', phrase not in _threes(reference.heard)

    def _misspelt(self, reference: Reference, rng: Random) -> _Made:
        if not (words := self._words(reference, RARE)):
            return None
        word = rng.choice(words)
        for _ in range(_TRIES):
            if (typed := misspelt(word, self._letters, rng)) not in self._clips_with:
                return typed, word not in reference.heard
        return None

    def _frequent(self, seed: int, per_kind: int) -> Iterator[Question]:
        least = FREQUENT_SHARE * len(self._references)
        words = sorted(word for word, clips in self._clips_with.items() if clips > least and _is_word(word))
        rng = Random(f"{seed} {FREQUENT}")  # noqa: S311 – drawn for figures, not for secrets
        for word in rng.sample(words, min(per_kind, len(words))):
            right = frozenset(reference.clip for reference in self._references if word in reference.said)
            yield Question(FREQUENT, word, word, right, is_lost=False)

    def _words(self, reference: Reference, most: int) -> list[str]:
        """The different words that at most ``most`` references have, in the order in which they were said."""
        return [word for word in dict.fromkeys(reference.said) if _is_word(word) and self._clips_with[word] <= most]


def misspelt(word: str, letters: Sequence[str], rng: Random) -> str:
    """The word with one letter changed to one of ``letters``, dropped or doubled, or two neighbours swapped.

    The draw may give back the word itself, where a letter is changed to itself or swapped with its like.
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


def _threes(said: Sequence[str]) -> list[tuple[str, ...]]:
    """All runs of three neighbouring tokens."""
    return [tuple(said[at : at + 3]) for at in range(len(said) - 2)]
