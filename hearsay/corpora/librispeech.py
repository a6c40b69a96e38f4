"""LibriSpeech's table of speakers, from which a clip gets the gender of its speaker."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from hearsay.errors import BadTable

SPEAKERS: Final = "SPEAKERS.TXT"
"""Lines of a speaker's id, sex, subset, minutes and name, with ``|`` between; those with ``;`` are comments."""

_FOLDERS_ABOVE: Final = 2
"""How far above the folder that is read the table may be: a subset, or a speaker's folder in it."""


def genders_of(folder: Path) -> Mapping[str, str]:
    """The gender of each speaker, as the table in this folder or one above it has it; empty without a table."""
    whole = folder.resolve()
    places = (place / SPEAKERS for place in (whole, *whole.parents[:_FOLDERS_ABOVE]))
    return _genders(path) if (path := next((place for place in places if place.is_file()), None)) else {}


@lru_cache(maxsize=4)
def _genders(path: Path) -> Mapping[str, str]:
    """Read once for the thousands of tables of a corpus."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        cells = ([cell.strip() for cell in line.split("|")] for line in lines if line.strip() and line[0] != ";")
        return {own[0]: own[1] for own in cells}
    except (OSError, UnicodeDecodeError, IndexError) as problem:
        raise BadTable(f"{path} is not LibriSpeech's table of speakers; rename it if it is another one") from problem
