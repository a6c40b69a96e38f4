"""Folders that are written to, free disk space, and caches."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hearsay.config import home, read_settings, user_cache
from hearsay.doctor.findings import Finding, ok, problem, warning

LITTLE: Final = 2_000_000_000
"""Bytes that a model or an index of some size takes."""

TOO_LITTLE: Final = 100_000_000


def look_at_folders() -> Iterator[Finding]:
    """Whether each folder that commands write to is writable, without writing to it."""
    for setting, path in _written_places():
        folder = _nearest(path)
        if not folder.is_dir():
            yield problem(f"{folder} is a file, but must be a folder", f"move it away, or set {setting}")
        elif not os.access(folder, os.W_OK | os.X_OK):
            yield problem(f"{folder} is not writable", f"change its permissions, or set {setting}")
        else:
            yield ok(f"{path} is writable" if path.exists() else f"{path} can be created")


def look_at_disk() -> Iterator[Finding]:
    """Whether there is space for models and indexes on the disk of ``HEARSAY_HOME``."""
    free = shutil.disk_usage(_nearest(home())).free
    what = f"{free / 1e9:,.1f} GB free on the disk of {home()}"
    if free < TOO_LITTLE:
        yield problem(what, "free some space, or set HEARSAY_HOME to a folder on another disk")
    elif free < LITTLE:
        yield warning(what, "models and a large index need more; free some space, or set HEARSAY_HOME")
    else:
        yield ok(what)


def look_at_caches() -> Iterator[Finding]:
    """Where models are stored, and how many there are."""
    folder = models_cache()
    models = len(list(folder.glob("models--*"))) if folder.is_dir() else 0
    if not os.access(_nearest(folder), os.W_OK):
        yield warning(f"{folder} is not writable, so no model can be downloaded", "set HF_HOME to another folder")
    else:
        yield ok(f"{folder} has {models} models")


def models_cache() -> Path:
    """The cache folder of the hub's library, as that library determines it."""
    if named := os.environ.get("HF_HUB_CACHE"):
        return Path(named).expanduser()
    if named := os.environ.get("HF_HOME"):
        return Path(named).expanduser() / "hub"
    return user_cache() / "huggingface" / "hub"


def _written_places() -> Iterator[tuple[str, Path]]:
    from asr.settings import AsrSettings
    from indexer.settings import IndexSettings

    yield "HEARSAY_HOME", home()
    yield "LOG_DIR", read_settings(AsrSettings).log_dir
    settings = read_settings(IndexSettings)
    yield "INBOX_DIR", settings.inbox_dir
    yield "DELETIONS", settings.deletions.parent
    if "://" not in settings.index_url:
        yield "INDEX_URL", Path(settings.index_url).expanduser()


def _nearest(path: Path) -> Path:
    """The path, or its nearest existing parent."""
    return next((place for place in (path, *path.parents) if place.exists()), Path("/"))
