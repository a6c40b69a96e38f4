"""Grapheme-to-phoneme conversion: a pronouncing dictionary, and a model learned from it for all other words."""

import json
import lzma
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from indexer.phonetics.g2p_batch import CONTEXTS, EDGE, BatchG2p

SHIPPED: Final = Path(__file__).parent / "english.json.xz"

MOST_PRONUNCIATIONS: Final = 3

Pronunciation = bytes
"""Numbers of phonemes (`indexer.phonetics.alphabets.PHONEMES`), in order."""


@dataclass(frozen=True)
class G2pModel:
    """The pronunciation of English words.

    ``contexts`` maps a letter with its surrounding letters to phonemes, where they differ from those of a narrower
    context. ``words`` are those of the dictionary, and ``exceptions`` the pronunciations that the contexts predict
    wrongly.
    """

    contexts: Mapping[str, Pronunciation]
    words: frozenset[str]
    exceptions: Mapping[str, tuple[Pronunciation, ...]]
    source: str

    def knows(self, word: str) -> bool:
        """Whether the dictionary has the word."""
        return word in self.words

    def pronunciations(self, word: str) -> tuple[Pronunciation, ...]:
        """Up to three pronunciations, the most common first; none for a word without English letters."""
        if found := self.exceptions.get(word):
            return found
        guessed = self.predict(word)
        return (guessed,) if guessed else ()

    def first_pronunciations(self, words: Sequence[str]) -> list[Pronunciation]:
        """The first pronunciation of each word, computed for all of them at once; empty if there is none."""
        predicted = zip(words, self._batch.predict(words), strict=True)
        return [self.exceptions[word][0] if word in self.exceptions else guessed for word, guessed in predicted]

    @cached_property
    def _batch(self) -> BatchG2p:
        return BatchG2p(self.contexts)

    def predict(self, word: str) -> Pronunciation:
        """The phonemes of each letter in its longest known context; digits and other letters have none."""
        framed = EDGE + word + EDGE
        return b"".join(self._sound(framed, at) for at in range(len(EDGE), len(framed) - len(EDGE)))

    def _sound(self, framed: str, at: int) -> Pronunciation:
        for before, after in reversed(CONTEXTS):
            if (sound := self.contexts.get(framed[at - before : at + after + 1])) is not None:
                return sound
        return b""

    def save(self, file: Path) -> None:
        """Write the model as xz-compressed JSON, with one character per phoneme."""
        members = {
            "source": self.source,
            "contexts": {context: _text(sound) for context, sound in sorted(self.contexts.items())},
            "words": " ".join(sorted(self.words)),
            "exceptions": {word: list(map(_text, phonemes)) for word, phonemes in sorted(self.exceptions.items())},
        }
        packed = lzma.compress(json.dumps(members, separators=(",", ":")).encode(), preset=9 | lzma.PRESET_EXTREME)
        file.write_bytes(packed)

    @classmethod
    def load(cls, file: Path) -> "G2pModel":
        members: dict[str, Any] = json.loads(lzma.decompress(file.read_bytes()))
        return cls(
            {context: _sounds(text) for context, text in members["contexts"].items()},
            frozenset(members["words"].split(" ")),
            {word: tuple(map(_sounds, texts)) for word, texts in members["exceptions"].items()},
            members["source"],
        )


@cache
def english() -> G2pModel:
    """The model that ships with Hearsay, read on first use."""
    return G2pModel.load(SHIPPED)


_FIRST: Final = ord("A") - 1


def _text(sound: Pronunciation) -> str:
    return "".join(chr(_FIRST + phoneme) for phoneme in sound)


def _sounds(text: str) -> Pronunciation:
    return bytes(ord(character) - _FIRST for character in text)
