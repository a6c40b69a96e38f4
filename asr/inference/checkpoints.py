"""Checkpoints: weights by Hugging Face name or folder, loaded onto a device, or an error with the reason.

torch and transformers are imported inside the functions, because the built-in models do not need them.
"""

import json
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from asr.errors import AsrError, ModelNotInstalled, ModelUnavailable
from asr.inference.weights import checkpoint_files, weights_digest
from asr.types import SAMPLE_RATE, Waveform
from hearsay.extras import how_to_install

if TYPE_CHECKING:
    import torch

# oneDNN caches primitives for the last 1,024 shapes, but clips rarely have the same shape: 22 minutes of audio in a
# tiny model took 150 MB. oneDNN reads the variable when it is first used, so it is set before torch is imported.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")

Opened = TypeVar("Opened")

HUB_TIMEOUT: Final = 5.0
"""Seconds within which the hub must respond; by default its library would retry for 30 s, for each file."""

_FEWEST_SAMPLES: Final = SAMPLE_RATE // 10


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint on this machine: its name in the settings, and the folder of its files.

    Everything is read from the folder: given a name, transformers requests further files from the hub, even offline.
    """

    name: str
    folder: Path

    def model(self, kind: Any, **options: Any) -> Any:
        """The checkpoint as a model of the transformers class ``kind``, in evaluation mode.

        Raises `ModelUnavailable` if weights are missing: transformers would initialise them randomly, and the output
        would be random too.
        """
        model, info = kind.from_pretrained(self.folder, local_files_only=True, output_loading_info=True, **options)
        # The embedding of masked frames is only used in training, and published checkpoints often omit it.
        if missing := sorted(key for key in info["missing_keys"] if not key.endswith("masked_spec_embed")):
            raise ModelUnavailable(
                f"The model {self.name} was not trained for this task: its checkpoint lacks {', '.join(missing[:3])}. "
                "Name a checkpoint that was fine-tuned for it."
            )
        return model.eval()

    def weights(self) -> str:
        """SHA-256 over the files that are loaded; empty if one cannot be read."""
        names = checkpoint_files(path.name for path in self.folder.iterdir() if path.is_file())
        return weights_digest({name: self.folder / name for name in names})

    def states(self, *keys: str) -> bool:
        """Whether its own files set one of these options, so that the value is not a library default."""
        described = [_json_of(self.folder / name) for name in ("generation_config.json", "config.json")]
        return any(description.get(key) is not None for description in described for key in keys)

    def tensor_names(self) -> list[str]:
        """The names of its weights."""
        names: list[str] = []
        for name in checkpoint_files(path.name for path in self.folder.iterdir() if path.is_file()):
            if name.endswith(".safetensors"):
                from safetensors import safe_open

                with safe_open(self.folder / name, "pt") as opened:
                    names += opened.keys()
            elif name.endswith(".bin"):
                import torch

                names += torch.load(self.folder / name, map_location="cpu", weights_only=True, mmap=True)
        return names

    def feature_extractor(self) -> Any:
        """The feature extractor; raises `ModelUnavailable` if it requires another sample rate."""
        from transformers import AutoFeatureExtractor

        untyped: Any = AutoFeatureExtractor
        extractor = untyped.from_pretrained(self.folder, local_files_only=True)
        if extractor.sampling_rate != SAMPLE_RATE:
            raise ModelUnavailable(
                f"The model {self.name} needs audio at {extractor.sampling_rate} Hz, not {SAMPLE_RATE} Hz; "
                "name another model."
            )
        return extractor

    def tokenizer(self) -> Any:
        """The tokenizer; raises `OSError` if its files are missing."""
        from transformers import AutoTokenizer

        try:
            return AutoTokenizer.from_pretrained(self.folder, local_files_only=True)
        except TypeError as problem:  # some tokenizers open a vocabulary file that does not exist
            raise OSError("the files of its tokenizer are missing, so its output cannot be decoded.") from problem


def loaded(name: str, load: Callable[[Checkpoint], Opened]) -> Opened:
    """The result of ``load`` for a checkpoint from a folder or the local cache, or else downloaded from the hub.

    The hub is only contacted for what is missing, and must respond within `HUB_TIMEOUT` seconds. Raises
    `ModelUnavailable`.
    """
    _quieten()
    if Path(name).expanduser().is_dir():
        return _loaded(Checkpoint(name, Path(name).expanduser()), load)
    if name.startswith(("/", ".", "~")) or name.count("/") > 1:
        raise ModelUnavailable(f"There is no folder {name}; name a folder with a checkpoint, or a Hugging Face model.")
    if found := cached(name):
        try:
            return load(found)
        except ModelUnavailable:
            raise
        except Exception:  # noqa: BLE001, S110  # an incomplete download can fail in any way, and is completed now
            pass
    return _loaded(downloaded(name), load)


def _loaded(checkpoint: Checkpoint, load: Callable[[Checkpoint], Opened]) -> Opened:
    try:
        return load(checkpoint)
    except ModelUnavailable:
        raise
    except Exception as problem:  # every model class, and every format of weights, has its own errors
        raise ModelUnavailable(f"The model {checkpoint.name} cannot be loaded: {first_line(problem)}") from problem


def cached(name: str) -> Checkpoint | None:
    """The checkpoint in the hub's cache, possibly incomplete; None if not even its configuration is there."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(name, "config.json")
    except HFValidationError:
        return None
    return Checkpoint(name, Path(config).parent) if isinstance(config, str) else None


_MAY_DOWNLOAD: Final = ContextVar("may_download", default=True)


@contextmanager
def downloads(*, allowed: bool) -> Iterator[None]:
    """Inside, checkpoints are downloaded from the hub only if that is allowed, as ``MODEL_SOURCES`` says."""
    before = _MAY_DOWNLOAD.set(allowed)
    try:
        yield
    finally:
        _MAY_DOWNLOAD.reset(before)


def downloaded(name: str) -> Checkpoint:
    """The files of a checkpoint, of any library, from the hub; raises `ModelUnavailable`."""
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

    if not _MAY_DOWNLOAD.get():
        raise ModelUnavailable(
            f"The model {name} is not on this machine, and MODEL_SOURCES does not contain hub, so it is not "
            "downloaded; add hub to it, or name a folder that holds the model."
        )
    try:
        published = HfApi().model_info(name, timeout=HUB_TIMEOUT).siblings or ()
        for file in checkpoint_files(file.rfilename for file in published):
            hf_hub_download(name, file)
        return Checkpoint(name, Path(hf_hub_download(name, "config.json")).parent)
    except GatedRepoError as problem:
        raise ModelUnavailable(
            f"The terms of the model {name} must be accepted on the Hugging Face hub; "
            "accept them there, then set HF_TOKEN."
        ) from problem
    except (HFValidationError, RepositoryNotFoundError) as problem:
        raise ModelUnavailable(
            f"There is no model {name}, neither as a folder nor on the Hugging Face hub; check the spelling."
        ) from problem
    except Exception as problem:  # of the hub's library, of its HTTP library, of the system
        raise ModelUnavailable(
            f"The model {name} is not on this machine and cannot be downloaded from the Hugging Face hub "
            f"({first_line(problem)}); connect once to download it, or name a folder that contains it."
        ) from problem


def _quieten() -> None:
    """Turn off the warnings for developers, and progress bars of short steps."""
    from huggingface_hub.utils.tqdm import enable_progress_bars
    from transformers.utils import logging

    untyped: Any = logging
    untyped.set_verbosity_error()
    untyped.disable_progress_bar()
    # From WavLM's attention, which passes two masks of different types.
    warnings.filterwarnings("ignore", "Support for mismatched key_padding_mask")
    enable_progress_bars()  # for downloads, which take minutes


def has_torch() -> bool:
    """Whether torch and transformers are installed."""
    return find_spec("torch") is not None and find_spec("transformers") is not None


def device_of(setting: str) -> str:
    """The device that ``auto``, ``cpu``, ``cuda`` or ``cuda:N`` means here; raises `ModelUnavailable`."""
    if not has_torch():
        raise ModelNotInstalled(
            f"torch and transformers are not installed; run {how_to_install('models')}, or in a checkout "
            "./run.sh setup --models."
        )
    import torch

    if setting == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        wanted = torch.device(setting)
    except RuntimeError as problem:
        raise ModelUnavailable(f"DEVICE is {setting}; set it to auto, cpu, cuda or cuda:N.") from problem
    if wanted.type == "cuda" and (wanted.index or 0) >= torch.cuda.device_count():
        raise ModelUnavailable(f"DEVICE is {setting}, but torch finds no such GPU; set DEVICE to auto or cpu.")
    return setting


def features(
    extractor: Any,
    piece: Waveform,
    device: str,
    kind: "torch.dtype | None" = None,
    fewest: int = _FEWEST_SAMPLES,
    **options: Any,
) -> "dict[str, torch.Tensor]":
    """The model's input for one piece, normalised by itself, in a batch of one, float32 or ``kind``."""
    # A piece that is shorter than the kernels of the first layers would have no frames.
    padded = np.pad(piece, (0, max(0, max(fewest, _FEWEST_SAMPLES) - len(piece))))
    return dict(extractor(padded, sampling_rate=SAMPLE_RATE, return_tensors="pt", **options).to(device, kind))


@contextmanager
def running(name: str) -> Iterator[None]:
    """Inside, a model runs without gradients, and its errors become `AsrError`."""
    import torch

    try:
        with torch.inference_mode():
            yield
    except torch.OutOfMemoryError as problem:
        raise AsrError(f"{name} ran out of memory; set DEVICE to cpu, or name a smaller model.") from problem
    except RuntimeError as problem:
        raise AsrError(f"{name} failed: {first_line(problem)}") from problem


def _json_of(path: Path) -> dict[str, Any]:
    """The object in a file; empty if there is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def first_line(problem: Exception) -> str:
    """The first line of a library's error message."""
    return next(iter(str(problem).splitlines()), "") or type(problem).__name__
