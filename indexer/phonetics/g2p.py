"""Spelling to sound: a pronouncing dictionary, and for words that are not in it a model learned from it."""

import json
import lzma
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from indexer.phonetics.g2p_batch import CONTEXTS, EDGE, Reader

SHIPPED: Final = Path(__file__).parent / "english.json.xz"

MOST_PRONUNCIATIONS: Final = 3

Pronunciation = bytes
"""Numbers of phonemes (`indexer.phonetics.alphabets.PHONEMES`), in order."""


@dataclass(frozen=True)
class Spelling:
    """How English is pronounced.

    ``contexts`` has what a letter sounds like by the letters around it, where that differs from what fewer of them say;
    ``words`` those of the dictionary, ``exceptions`` the pronunciations that the contexts do not give.
    """

    contexts: Mapping[str, Pronunciation]
    words: frozenset[str]
    exceptions: Mapping[str, tuple[Pronunciation, ...]]
    source: str

    def knows(self, word: str) -> bool:
        """Whether the dictionary has the word."""
        return word in self.words

    def pronunciations(self, word: str) -> tuple[Pronunciation, ...]:
        """Up to three, the usual one first; none of a word that has no letter of English."""
        if found := self.exceptions.get(word):
            return found
        guessed = self.read(word)
        return (guessed,) if guessed else ()

    def usual(self, words: Sequence[str]) -> list[Pronunciation]:
        """The first pronunciation of each of many words, empty where there is none."""
        said = zip(words, self._reader.read(words), strict=True)
        return [self.exceptions[word][0] if word in self.exceptions else guessed for word, guessed in said]

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.contexts)

    def read(self, word: str) -> Pronunciation:
        """What the letters say, each in the longest context that is known; other letters and digits say nothing."""
        framed = EDGE + word + EDGE
        return b"".join(self._sound(framed, at) for at in range(len(EDGE), len(framed) - len(EDGE)))

    def _sound(self, framed: str, at: int) -> Pronunciation:
        for before, after in reversed(CONTEXTS):
            if (sound := self.contexts.get(framed[at - before : at + after + 1])) is not None:
                return sound
        return b""

    def save(self, file: Path) -> None:
        """Write it as xz-compressed JSON, a phoneme as one character."""
        members = {
            "source": self.source,
            "contexts": {context: _text(sound) for context, sound in sorted(self.contexts.items())},
            "words": " ".join(sorted(self.words)),
            "exceptions": {word: list(map(_text, said)) for word, said in sorted(self.exceptions.items())},
        }
        packed = lzma.compress(json.dumps(members, separators=(",", ":")).encode(), preset=9 | lzma.PRESET_EXTREME)
        file.write_bytes(packed)

    @classmethod
    def load(cls, file: Path) -> "Spelling":
        members: dict[str, Any] = json.loads(lzma.decompress(file.read_bytes()))
        return cls(
            {context: _sounds(text) for context, text in members["contexts"].items()},
            frozenset(members["words"].split(" ")),
            {word: tuple(map(_sounds, texts)) for word, texts in members["exceptions"].items()},
            members["source"],
        )


@cache
def english() -> Spelling:
    """The one that ships with Hearsay; read once, when first asked for."""
    return Spelling.load(SHIPPED)


_FIRST: Final = ord("A") - 1


def _text(sound: Pronunciation) -> str:
    return "".join(chr(_FIRST + phoneme) for phoneme in sound)


def _sounds(text: str) -> Pronunciation:
    return bytes(ord(character) - _FIRST for character in text)
