"""Audio of clips in folders: ids are resolved below a folder and never outside it."""

from collections.abc import Iterable
from pathlib import Path

from hearsay.storage.names import RELEASE, located


def find_audio(folder: Path, clip_id: str, also_named: Iterable[str] = ()) -> Path | None:
    """The file of a clip under ``folder``, by the rule of `located`; None if there is none.

    The folder's own names are its last path component, as given and with links resolved, and ``also_named``.
    """
    root = folder.resolve()
    path = located(clip_id, own_names(folder, also_named), lambda relative: file_inside(root, relative) is not None)
    return None if path is None else file_inside(root, path)


def own_names(folder: Path, also_named: Iterable[str] = ()) -> frozenset[str]:
    """The names of a folder; of a link, its own and that of its target; of a locale, RELEASE-LOCALE too."""
    path = folder.resolve()
    release = {f"{path.parent.name}-{path.name}"} if RELEASE.fullmatch(path.parent.name) else set()
    return frozenset({folder.name, path.name, *release, *also_named}) - {"", "..", "."}


def file_inside(root: Path, relative: str) -> Path | None:
    """The file at a path under the root; None if there is none.

    A path that leads out of the root (``../``, an absolute path, a link to elsewhere) finds nothing: ids come from
    tables and indexes that other people may write.
    """
    if not relative:
        return None
    try:
        path = (root / relative).resolve()
        return path if path.is_relative_to(root) and path.is_file() else None
    except (OSError, ValueError, RuntimeError):  # too long, not valid in the file system, a link to itself
        return None
