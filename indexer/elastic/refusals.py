"""Refusals: which passages an index did not take, and why, in a file for whoever mends them."""

import json
from pathlib import Path
from typing import Final

from indexer.errors import LoadFailed

_SHOWN: Final = 3
"""Refused passages that a sentence names."""


class Refusals:
    """The refused passages of one load, put or deletion: those of the one before leave the file with its beginning.

    Raises `LoadFailed` where the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.number = 0
        self._path = path
        self._first: list[str] = []
        try:
            path.unlink(missing_ok=True)
        except OSError as problem:
            raise self._unwritable(problem) from problem

    def add(self, passage_id: str, reason: str) -> None:
        """Append a line of JSON with ``id`` and ``reason``."""
        self.number += 1
        if len(self._first) < _SHOWN:
            self._first.append(f"{passage_id}: {reason}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"id": passage_id, "reason": reason}, ensure_ascii=False) + "\n")
        except OSError as problem:
            raise self._unwritable(problem) from problem

    def __str__(self) -> str:
        """How many they are, where they are listed, and the first of them."""
        number = "1 passage was" if self.number == 1 else f"{self.number} passages were"
        return f"{number} refused, listed in {self._path}: {'; '.join(self._first)}"

    def _unwritable(self, problem: OSError) -> LoadFailed:
        return LoadFailed(
            f"refused passages cannot be listed in {self._path}: {problem.strerror}; name another file in REFUSALS"
        )
