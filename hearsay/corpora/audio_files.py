"""The audio files of a folder, found by path, or by path without suffix."""

import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TypeAlias

from hearsay.audio.formats import has_audio_suffix

ANY_SUFFIX: Final = ".*"
"""The end of a path that stands for an audio file with any extension."""

FindAudio: TypeAlias = Callable[[Iterable[str]], str | None]
"""Returns the first of several paths at which there is an audio file; None if there is none."""


class AudioFiles:
    """The audio files of a folder, given as paths relative to it.

    A name in another Unicode normal form, as macOS and archives make them, is found if exactly one file has it.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = tuple(paths)
        self._there = frozenset(self.paths)
        self._by_path: dict[str, list[str]] = defaultdict(list)
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        self._by_name: dict[str, list[str]] = defaultdict(list)

    def find(self, places: Iterable[str]) -> str | None:
        """The first of the paths at which there is a file; None if there is none."""
        for place in places:
            if place in self._there:
                return place
            if place.endswith(ANY_SUFFIX) and (path := self._alone(place.removesuffix(ANY_SUFFIX))):
                return path
            if not place.isascii() and (path := self._respelled(place)):
                return path
        return None

    def _alone(self, stem: str) -> str | None:
        """The only file with this path and any suffix, in any folder if the path begins with ``**/``."""
        if not self._by_stem:
            for path in self.paths:
                bare = posixpath.splitext(_composed(path))[0]
                self._by_stem[bare].append(path)
                self._by_name[posixpath.basename(bare)].append(path)
        name = stem.removeprefix("**/")
        found = (self._by_stem if name == stem else self._by_name).get(_composed(name), [])
        same = [path for path in found if posixpath.splitext(path)[0].endswith(name)] or found
        return same[0] if len(same) == 1 else None

    def _respelled(self, place: str) -> str | None:
        """The only file with this path in any normal form."""
        if not self._by_path:
            for path in self.paths:
                self._by_path[_composed(path)].append(path)
        found = self._by_path.get(_composed(place), [])
        return found[0] if len(found) == 1 else None


def audio_below(folder: Path) -> AudioFiles:
    """The audio files in a folder and in those below it."""
    files = (file for file in folder.rglob("*") if has_audio_suffix(file.name) and file.is_file())
    return AudioFiles(file.relative_to(folder).as_posix() for file in files)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
