"""The files of a version: their names, and how a version is removed without files of others."""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from indexer.ownership import MARK, is_ours

ABOUT: Final = "about.json"
ABOUT_COPY: Final = "about.copy.json"
"""A second copy, so that the files to load again are still known if the first is damaged."""

META: Final = "meta.json"
"""The engine's list of segments, and its schema."""

LEXICON: Final = "lexicon.npz"
SORTED_PASSAGES: Final = "passages.sqlite"

NAME: Final = re.compile(r"\d{20}")
"""The name of a version, which is the time at which its load began."""

HALF: Final = "half-"
"""Prefix of a version that is being written or removed, or that an interrupted load or removal left."""

SEGMENT: Final = re.compile(r"[0-9a-f]{32}\.[a-z0-9.]+")
"""The names of files in which the engine stores documents."""

_OURS: Final = re.compile(
    rf"""
    meta\.json | \.managed\.json | \.tantivy-(meta|writer)\.lock    # the engine's own files
    | \.tmp\w{{6}}                                                    # the engine's temporary files
    | {SEGMENT.pattern}
    | (about(\.copy)?\.json | lexicon\.npz | passages\.sqlite(-\w+)?)        # Hearsay's files
    | \.(meta\.json | about(\.copy)?\.json | lexicon\.npz)\.\w{{8}}            # and their temporary files
    """,
    re.VERBOSE,
)


def is_our_version(folder: Path) -> bool:
    """Whether Hearsay wrote what is in a version's folder, completely or in part."""
    return any(is_ours(read_members(folder / name)) for name in (ABOUT, ABOUT_COPY))


def read_members(file: Path) -> dict[str, Any]:
    """The members of a JSON object in a file; none if it cannot be read."""
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def begin(folder: Path) -> None:
    """Create the folder of a new version, and mark it before anything else is written.

    If it cannot be marked, for example on a full disk, it is removed: later it would not be recognised as ours.
    """
    folder.mkdir()
    try:
        (folder / ABOUT).write_text(json.dumps(dict(MARK)), encoding="utf-8")
    except BaseException:
        remove_half(folder)
        raise


def remove_version(folder: Path) -> None:
    """Remove a version of ours. Files of others stay, with their folder, as does whatever cannot be removed.

    It is renamed first, so that the rest of an interrupted removal is never taken for a version.
    """
    with suppress(OSError):
        if not folder.name.startswith(HALF) and all(_OURS.fullmatch(path.name) for path in folder.iterdir()):
            folder = folder.rename(folder.with_name(HALF + folder.name))
        remove_half(folder)


def remove_half(folder: Path) -> None:
    """Remove our files from a folder, the mark last, and then the folder if it is empty."""
    with suppress(OSError):
        ours = [path for path in folder.iterdir() if _OURS.fullmatch(path.name)]
        for path in sorted(ours, key=lambda path: path.name == ABOUT):
            path.unlink(missing_ok=True)
        folder.rmdir()
