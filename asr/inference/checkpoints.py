"""Checkpoints: weights by Hugging Face name or folder, onto a device, or a sentence that says why not.

torch and transformers are imported inside the functions: whoever hears with the embedded models needs neither.
"""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from asr.audio.decoding import SAMPLE_RATE
from asr.errors import AsrError, ModelNotInstalled, ModelUnavailable
from asr.inference.weights import checkpoint_files, weights_digest
from asr.types import Waveform
from hearsay.extras import how_to_install

if TYPE_CHECKING:
    import torch

# torch's oneDNN keeps what it made for the last 1,024 shapes, and clips hardly ever have the shape of another: of 22
# minutes heard by a tiny model that was 150 MB. It looks when first used, so this stands before torch is imported.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")

Loaded = TypeVar("Loaded")

HUB_TIMEOUT: Final = 5.0
"""Seconds in which the hub must answer; its library by itself would try for half a minute, file by file."""

_FEWEST_SAMPLES: Final = SAMPLE_RATE // 10


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint on this machine: the name that the settings have for it, and the folder of its files.

    Everything is read from the folder: asked for a hub's name, transformers asks the hub for more files than a
    checkpoint has, even where it is told not to.
    """

    name: str
    folder: Path

    def model(self, kind: Any, **options: Any) -> Any:
        """The model that a class of transformers makes of it, ready to run.

        Raises `ModelUnavailable` where weights of it are missing: transformers would fill them with noise, and what it
        then hears is noise too.
        """
        model, info = kind.from_pretrained(self.folder, local_files_only=True, output_loading_info=True, **options)
        # The embedding of masked frames only serves training, and published checkpoints often leave it out.
        if missing := sorted(key for key in info["missing_keys"] if not key.endswith("masked_spec_embed")):
            raise ModelUnavailable(
                f"The model {self.name} was not trained for this: its checkpoint lacks {', '.join(missing[:3])}. "
                "Name one that was fine-tuned for it."
            )
        return model.eval()

    def weights(self) -> str:
        """SHA-256 over the files that are loaded of it; empty where one cannot be read."""
        names = checkpoint_files(path.name for path in self.folder.iterdir() if path.is_file())
        return weights_digest({name: self.folder / name for name in names})

    def feature_extractor(self) -> Any:
        """What makes the model's input of samples; raises `ModelUnavailable` where it wants another sample rate."""
        from transformers import AutoFeatureExtractor

        untyped: Any = AutoFeatureExtractor
        extractor = untyped.from_pretrained(self.folder, local_files_only=True)
        if extractor.sampling_rate != SAMPLE_RATE:
            raise ModelUnavailable(
                f"The model {self.name} hears {extractor.sampling_rate} samples a second, not {SAMPLE_RATE}."
            )
        return extractor

    def tokenizer(self) -> Any:
        """What spells the model's output; raises `OSError` where its files are missing."""
        from transformers import AutoTokenizer

        try:
            return AutoTokenizer.from_pretrained(self.folder, local_files_only=True)
        except TypeError as problem:  # some tokenizers open the vocabulary that they have not found
            raise OSError("it comes without the files of its tokenizer, so what it writes cannot be read.") from problem


def loaded(name: str, load: Callable[[Checkpoint], Loaded]) -> Loaded:
    """What ``load`` makes of a checkpoint, found in its folder or the local cache, else downloaded from the hub.

    The hub is only asked for what is not here, and has `HUB_TIMEOUT` seconds to say that it has it. Raises
    `ModelUnavailable`.
    """
    _quieten()
    if Path(name).expanduser().is_dir():
        return _loaded(Checkpoint(name, Path(name).expanduser()), load)
    if name.startswith(("/", ".", "~")) or name.count("/") > 1:
        raise ModelUnavailable(f"There is no folder {name}; name a folder with a checkpoint, or a Hugging Face model.")
    if cached := _cached(name):
        try:
            return load(cached)
        except ModelUnavailable:
            raise
        except Exception:  # noqa: BLE001, S110  # an unfinished download can fail in any way, and is finished now
            pass
    return _loaded(_downloaded(name), load)


def _loaded(checkpoint: Checkpoint, load: Callable[[Checkpoint], Loaded]) -> Loaded:
    try:
        return load(checkpoint)
    except ModelUnavailable:
        raise
    except Exception as problem:  # every class of model, and every format of weights, has errors of its own
        raise ModelUnavailable(f"The model {checkpoint.name} cannot be loaded: {_first_line(problem)}") from problem


def _cached(name: str) -> Checkpoint | None:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(name, "config.json")
    except HFValidationError:
        return None
    return Checkpoint(name, Path(config).parent) if isinstance(config, str) else None


def _downloaded(name: str) -> Checkpoint:
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

    try:
        published = HfApi().model_info(name, timeout=HUB_TIMEOUT).siblings or ()
        for file in checkpoint_files(file.rfilename for file in published):
            hf_hub_download(name, file)
        return Checkpoint(name, Path(hf_hub_download(name, "config.json")).parent)
    except GatedRepoError as problem:
        raise ModelUnavailable(
            f"The model {name} is only given to those who accept its terms on the Hugging Face hub; "
            "do so there, then set HF_TOKEN."
        ) from problem
    except (HFValidationError, RepositoryNotFoundError) as problem:
        raise ModelUnavailable(
            f"There is no model {name}, neither as a folder nor on the Hugging Face hub; check its spelling."
        ) from problem
    except Exception as problem:  # of the hub's library, of its HTTP library, of the system
        raise ModelUnavailable(
            f"The model {name} is not on this machine, and cannot be had from the Hugging Face hub "
            f"({_first_line(problem)}); connect once to download it, or name a folder that holds it."
        ) from problem


def _quieten() -> None:
    """Keep advice for developers, and bars for what takes a moment, out of people's terminals."""
    from huggingface_hub.utils.tqdm import enable_progress_bars
    from transformers.utils import logging

    untyped: Any = logging
    untyped.set_verbosity_error()
    untyped.disable_progress_bar()
    # Of WavLM's attention, which gives torch its two masks in the two ways that it knows.
    warnings.filterwarnings("ignore", "Support for mismatched key_padding_mask")
    enable_progress_bars()  # those of downloads, which take minutes


def has_torch() -> bool:
    """Whether torch and transformers are installed."""
    return find_spec("torch") is not None and find_spec("transformers") is not None


def device_of(setting: str) -> str:
    """The device that ``auto``, ``cpu``, ``cuda`` or ``cuda:N`` means here; raises `ModelUnavailable`."""
    if not has_torch():
        raise ModelNotInstalled(
            f"torch and transformers are not installed here; run {how_to_install('models')}, or in a checkout "
            "./run.sh setup --models."
        )
    import torch

    if setting == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        wanted = torch.device(setting)
    except RuntimeError as problem:
        raise ModelUnavailable(f"DEVICE is {setting}, which is none of auto, cpu, cuda and cuda:N.") from problem
    if wanted.type == "cuda" and (wanted.index or 0) >= torch.cuda.device_count():
        raise ModelUnavailable(f"DEVICE is {setting}, and torch sees no such GPU here; set DEVICE to auto or cpu.")
    return setting


def features(
    extractor: Any, piece: Waveform, device: str, kind: "torch.dtype | None" = None, **options: Any
) -> "dict[str, torch.Tensor]":
    """One piece of sound as the model takes it, alone in its batch and normalised by itself, float32 or ``kind``."""
    # Shorter than the first layers are wide, a piece has no frame at all.
    padded = np.pad(piece, (0, max(0, _FEWEST_SAMPLES - len(piece))))
    return dict(extractor(padded, sampling_rate=SAMPLE_RATE, return_tensors="pt", **options).to(device, kind))


@contextmanager
def running(name: str) -> Iterator[None]:
    """Run a model without keeping gradients; what it fails with is an `AsrError`."""
    import torch

    try:
        with torch.inference_mode():
            yield
    except torch.OutOfMemoryError as problem:
        raise AsrError(f"{name} ran out of memory; set DEVICE to cpu, or name a smaller model.") from problem
    except RuntimeError as problem:
        raise AsrError(f"{name} failed: {_first_line(problem)}") from problem


def _first_line(problem: Exception) -> str:
    return next(iter(str(problem).splitlines()), "") or type(problem).__name__
