"""Digests of model weights, which distinguish models of the same name, such as one that was trained again."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Final

from hearsay.config import cache_path
from hearsay.records.files import replaced_whole

_DESCRIPTIONS: Final = frozenset({".json", ".txt", ".model", ".jinja"})
_NOTES: Final = frozenset(
    {"trainer_state.json", "all_results.json", "train_results.json", "eval_results.json", "requirements.txt"}
)
"""Files that a training leaves in a checkpoint's folder, and that are never loaded."""


_STATES: Final = frozenset({"training_args.bin", "optimizer.bin", "scheduler.bin"})
"""The same, in the format of weights."""


def checkpoint_files(names: Iterable[str]) -> list[str]:
    """The files in a checkpoint's folder that are loaded: weights in one format, and their descriptions.

    ``names`` are paths under the folder; sub-folders, weights for other libraries and notes of a training are excluded.
    """
    top = sorted(name for name in names if "/" not in name)
    weights = _weight_files(top, "model", ".safetensors") or _weight_files(top, "pytorch_model", ".bin")
    weights = weights or [name for name in top if name.endswith(".bin") and name not in _STATES]
    return [*weights, *(name for name in top if Path(name).suffix in _DESCRIPTIONS and name not in _NOTES)]


def _weight_files(names: Sequence[str], stem: str, suffix: str) -> list[str]:
    """The file that transformers loads, or else its shards: not other variants, such as fp32, and no adapters."""
    if (whole := f"{stem}{suffix}") in names:
        return [whole]
    return [name for name in names if re.fullmatch(rf"{stem}-\d+-of-\d+{re.escape(suffix)}", name)]


_IS_KEPT: Final = ContextVar("is_kept", default=True)


@contextmanager
def nothing_kept() -> Iterator[None]:
    """Inside, digests are computed but not cached, so that no file is written."""
    before = _IS_KEPT.set(False)
    try:
        yield
    finally:
        _IS_KEPT.reset(before)


def weights_digest(files: Mapping[str, Path]) -> str:
    """SHA-256 over files, by the name that each has in the model, in hexadecimal; empty if one cannot be read."""
    try:
        return digest_of(file_digests(files))
    except OSError:
        return ""


def digest_of(digests: Mapping[str, str]) -> str:
    """The digest of a model whose files, by the name that each has in it, have these digests."""
    lines = "".join(f"{name}\0{digest}\n" for name, digest in sorted(digests.items()))
    return sha256(lines.encode()).hexdigest()


def file_digests(files: Mapping[str, Path]) -> dict[str, str]:
    """The SHA-256 of each file, under the same names; raises `OSError` if one cannot be read.

    They are kept between runs under a file's path, size and times: gigabytes take seconds to read.
    """
    known = _known()
    found: dict[str, Any] = {}
    digests = {}
    for name, path in files.items():
        place, status = str(path.resolve()), path.stat()
        # What changes with a file's content: size, both times (copies may keep mtime), and inode.
        state = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        entry = known.get(place)
        is_known = isinstance(entry, dict) and entry.get("state") == state and isinstance(entry.get("digest"), str)
        found[place] = entry if is_known else {"state": state, "digest": _digest(path)}
        digests[name] = found[place]["digest"]
    if _IS_KEPT.get() and any(known.get(place) != entry for place, entry in found.items()):
        _keep(known | found)
    return digests


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _cache() -> Path:
    """The cache file of digests: under ``HEARSAY_HOME``, or else in the user's cache folder, where weights are too.

    ``WEIGHT_DIGESTS`` names another file, which the demo uses, since it writes nothing outside its folder.
    """
    return cache_path("weights.json", below="var", variable="WEIGHT_DIGESTS")


def _known() -> dict[str, Any]:
    try:
        known = json.loads(_cache().read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError):  # RuntimeError: a user without a home folder
        return {}
    return known if isinstance(known, dict) else {}


def _keep(known: Mapping[str, Any]) -> None:
    """Store the digests of files that still exist; if that fails, the next run reads the weights again."""
    here = {place: entry for place, entry in known.items() if Path(place).exists()}
    with suppress(OSError, RuntimeError), replaced_whole(_cache()) as temporary:
        temporary.write_text(json.dumps(here, indent=1), encoding="utf-8")
