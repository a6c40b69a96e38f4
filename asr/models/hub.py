"""Weights in CTranslate2 format from the Hugging Face hub: published ones at a pinned revision, others at the latest.

The hub's library is imported inside the functions, because the import is slow and most runs do not need it.
"""

import os
import shutil
import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from asr.errors import SourceFailed
from asr.inference.checkpoints import HUB_TIMEOUT, cached, downloaded, downloads, first_line
from asr.models.published import PublishedModel
from hearsay.text.format import file_size

REACHED_SECONDS: Final = 3.0
"""The hub counts as reachable if it accepts a connection within this time."""

_VOCABULARY: Final = "vocabulary"
_NEEDED: Final = ("model.bin", "config.json")
_TAKEN: Final = (*_NEEDED, "tokenizer.json", "preprocessor_config.json")


def is_hub_reachable() -> bool:
    """Whether the hub accepts connections, and its library is not set to offline mode."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return False
    address = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((address.hostname or "", port), REACHED_SECONDS).close()
    except (OSError, ValueError):
        return False
    return True


def model_files(names: Iterable[str]) -> list[str]:
    """The files of a CTranslate2 model among the names in a folder; empty if the folder does not contain a model."""
    here = {name for name in names if name in _TAKEN or name.startswith(f"{_VOCABULARY}.")}
    is_whole = here.issuperset(_NEEDED) and any(name.startswith(f"{_VOCABULARY}.") for name in here)
    return sorted(here) if is_whole else []


def fetch_from_hub(model: PublishedModel, files: Path, scratch: Path) -> None:
    """Put the files of a model into ``files``, from its revision on the hub.

    The caller compares their digests. Raises `SourceFailed`, or `OSError` if the disk is full.
    """
    if not is_hub_reachable():
        raise SourceFailed("the Hugging Face hub cannot be reached")
    from huggingface_hub import hf_hub_download

    print(f"fetching {model.name} from the Hugging Face hub: {file_size(model.size)}", file=sys.stderr, flush=True)
    for file in model.files:
        try:
            path = hf_hub_download(
                model.repository, file.name, revision=model.revision, local_dir=scratch, etag_timeout=HUB_TIMEOUT
            )
        except Exception as problem:  # of the hub's library, of its HTTP library, of the system
            if getattr(problem, "errno", None):  # the library's own errors are of the system by kind, without a number
                raise
            raise SourceFailed(f"the Hugging Face hub failed: {first_line(problem)}") from problem
        shutil.move(path, files / file.name)


def cached_revision(model: PublishedModel) -> Path | None:
    """The folder of a published model in the cache of the hub's library; None if a file is missing."""
    try:
        from huggingface_hub import try_to_load_from_cache
    except ModuleNotFoundError:
        return None
    paths = [try_to_load_from_cache(model.repository, file.name, revision=model.revision) for file in model.files]
    found = [Path(path).parent for path in paths if isinstance(path, str)]
    return found[0] if len(found) == len(model.files) else None


def is_on_hub(name: str, *, may_ask: bool) -> bool:
    """Whether a name on the hub is that of a CTranslate2 model, by its files in the hub's cache or on the hub."""
    from huggingface_hub import HfApi

    if found := cached(name):
        return bool(model_files(path.name for path in found.folder.iterdir()))
    if not may_ask:
        return False
    try:
        files = HfApi().model_info(name, timeout=HUB_TIMEOUT).siblings or ()
    except Exception:  # noqa: BLE001  # opening it as another kind of model then reports why it is not available
        return False
    return bool(model_files(file.rfilename for file in files))


def folder_from_hub(name: str, *, may_download: bool) -> Path:
    """The folder of a CTranslate2 model from the hub, at no pinned revision; raises `ModelUnavailable`."""
    found = cached(name)
    if found is None or not model_files(path.name for path in found.folder.iterdir()):
        with downloads(allowed=may_download):
            found = downloaded(name)
    return found.folder
