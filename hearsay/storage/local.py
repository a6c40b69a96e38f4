"""Where a clip's audio lies: its id, looked up under a folder and never outside it."""

from pathlib import Path
from typing import Final

AUDIO_SUFFIXES: Final = frozenset(
    {".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".mp4", ".webm", ".aif", ".aiff", ".aifc"}
)
"""Endings, in lower case, of the files that a folder of clips is searched for."""


def find_audio(folder: Path, clip_id: str) -> Path | None:
    """The file of a clip under ``folder``, its id taken with or without its first folder; None where there is none.

    An id that leads out of the folder (``../``, an absolute path, a link to elsewhere) finds nothing: ids come from
    tables and indexes that other people may write.
    """
    root = folder.resolve()
    without_first = clip_id.partition("/")[2]
    for relative in (clip_id, without_first):
        if not relative:
            continue
        try:
            path = (root / relative).resolve()
            if path.is_relative_to(root) and path.is_file():
                return path
        except (OSError, ValueError, RuntimeError):  # too long, not a file system's text, a link to itself
            continue
    return None
