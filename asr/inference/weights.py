"""A digest of a model's weights, by which a model that was trained again is another one under the same name."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Final

from hearsay.config import home
from hearsay.records.files import replaced_whole

_DESCRIPTIONS: Final = frozenset({".json", ".txt", ".model", ".jinja"})
_NOTES: Final = frozenset(
    {"trainer_state.json", "all_results.json", "train_results.json", "eval_results.json", "requirements.txt"}
)
"""What a training leaves beside a checkpoint, and nothing loads."""


def checkpoint_files(names: Iterable[str]) -> list[str]:
    """The files of a checkpoint that are loaded, of all that lie in its folder: weights of one kind, and descriptions.

    ``names`` are paths under the folder; sub-folders, other libraries' weights and notes of a training are left out.
    """
    top = sorted(name for name in names if "/" not in name)
    weights = [name for name in top if name.endswith(".safetensors")]
    weights = weights or [name for name in top if name.endswith(".bin") and name != "training_args.bin"]
    return [*weights, *(name for name in top if Path(name).suffix in _DESCRIPTIONS and name not in _NOTES)]


_IS_KEPT: Final = ContextVar("is_kept", default=True)


@contextmanager
def nothing_kept() -> Iterator[None]:
    """Inside, digests are computed and not kept: no file is written."""
    before = _IS_KEPT.set(False)
    try:
        yield
    finally:
        _IS_KEPT.reset(before)


def weights_digest(files: Mapping[str, Path]) -> str:
    """SHA-256 over files, by the name that each has in the model, in hexadecimal; empty where one cannot be read.

    The digest of each file is kept between runs under its path, size and times: gigabytes take seconds to read.
    """
    known = _known()
    found: dict[str, Any] = {}
    whole = sha256()
    try:
        for name, path in sorted(files.items()):
            place, state = str(path.resolve()), _state(path)
            entry = known.get(place)
            is_known = isinstance(entry, dict) and entry.get("state") == state and isinstance(entry.get("digest"), str)
            found[place] = entry if is_known else {"state": state, "digest": _digest(path)}
            whole.update(f"{name}\0{found[place]['digest']}\n".encode())
    except OSError:
        return ""
    if _IS_KEPT.get() and any(known.get(place) != entry for place, entry in found.items()):
        _keep(known | found)
    return whole.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _state(path: Path) -> list[int]:
    """What changes with a file's bytes; its times of change too, since copies may keep the time of writing."""
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _cache() -> Path:
    """Where digests are kept: under ``HEARSAY_HOME``, else in the user's cache, since weights are there too.

    ``WEIGHT_DIGESTS`` names another file, as the demo does, which writes nothing outside of its folder.
    """
    if named := os.environ.get("WEIGHT_DIGESTS"):
        return Path(named)
    if os.environ.get("HEARSAY_HOME"):
        return home() / "var" / "weights.json"
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "hearsay" / "weights.json"


def _known() -> dict[str, Any]:
    try:
        known = json.loads(_cache().read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError):  # RuntimeError: a user without a home
        return {}
    return known if isinstance(known, dict) else {}


def _keep(known: Mapping[str, Any]) -> None:
    """Keep the digests of files that are still there; where that cannot be, the next run reads the weights again."""
    here = {place: entry for place, entry in known.items() if Path(place).exists()}
    with suppress(OSError, RuntimeError), replaced_whole(_cache()) as temporary:
        temporary.write_text(json.dumps(here, indent=1), encoding="utf-8")
