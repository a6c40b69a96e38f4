"""Checkpoints: weights by Hugging Face name or folder, onto a device, or a sentence that says why not.

torch and transformers are imported inside the functions: whoever hears with the embedded models needs neither.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from asr.audio import SAMPLE_RATE
from asr.errors import AsrError, ModelUnavailable
from asr.transcript import Waveform

if TYPE_CHECKING:
    import torch

Loaded = TypeVar("Loaded")

HUB_TIMEOUT: Final = 5.0
"""Seconds in which the hub must answer; transformers itself would try for half a minute, file by file."""

_FEWEST_SAMPLES: Final = SAMPLE_RATE // 10


def has_torch() -> bool:
    """Whether torch and transformers are installed."""
    return find_spec("torch") is not None and find_spec("transformers") is not None


def device_of(setting: str) -> str:
    """The device that ``auto``, ``cpu``, ``cuda`` or ``cuda:N`` means here; raises `ModelUnavailable`."""
    if not has_torch():
        raise ModelUnavailable("torch and transformers are not installed here; run ./run.sh setup --models.")
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


def loaded(name: str, load: Callable[..., Loaded]) -> Loaded:
    """What ``load(name, local_files_only=…)`` gives: from its folder or the local cache, else from the hub.

    The hub is only asked for what is not here, and has `HUB_TIMEOUT` seconds to say that it has it. Raises
    `ModelUnavailable`.
    """
    is_folder = Path(name).is_dir()
    if not is_folder and (name.startswith(("/", ".", "~")) or name.count("/") > 1):
        raise ModelUnavailable(f"There is no folder {name}; name a folder with a checkpoint, or a Hugging Face model.")
    _quieten()
    try:
        try:
            return load(name, local_files_only=True)
        except OSError:
            if is_folder:
                raise
            _ask_hub(name)
            return load(name, local_files_only=False)
    except ModelUnavailable:
        raise
    except Exception as problem:  # every class of model, and every format of weights, has errors of its own
        raise ModelUnavailable(f"The model {name} cannot be loaded: {_first_line(problem)}") from problem


def _quieten() -> None:
    """Keep advice for developers, and bars for what takes a moment, out of people's terminals."""
    from huggingface_hub.utils.tqdm import enable_progress_bars
    from transformers.utils import logging

    untyped: Any = logging
    untyped.set_verbosity_error()
    untyped.disable_progress_bar()
    enable_progress_bars()  # those of downloads, which take minutes


def _ask_hub(name: str) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    try:
        HfApi().model_info(name, timeout=HUB_TIMEOUT)
    except (HFValidationError, RepositoryNotFoundError) as problem:
        raise ModelUnavailable(
            f"There is no model {name}, neither as a folder nor on the Hugging Face hub; check its spelling."
        ) from problem
    except Exception as problem:  # of the hub's own, of its HTTP library, of the system
        raise ModelUnavailable(
            f"The model {name} is not on this machine, and the Hugging Face hub cannot be reached "
            f"({_first_line(problem)}); connect once to download it, or name a folder that holds it."
        ) from problem


def _first_line(problem: Exception) -> str:
    return next(iter(str(problem).splitlines()), "") or type(problem).__name__


def trained_model(kind: Any, name: str, *, local_files_only: bool, **options: Any) -> Any:
    """The model that an ``Auto`` class makes of a checkpoint, ready to run.

    Raises `ModelUnavailable` where the checkpoint lacks weights of it: transformers would fill them with noise, and
    what it then hears is noise too.
    """
    model, info = kind.from_pretrained(name, local_files_only=local_files_only, output_loading_info=True, **options)
    # The embedding of masked frames only serves training, and published checkpoints often leave it out.
    if missing := sorted(key for key in info["missing_keys"] if not key.endswith("masked_spec_embed")):
        raise ModelUnavailable(
            f"The model {name} was not trained for this: its checkpoint lacks {', '.join(missing[:3])}. "
            "Name one that was fine-tuned for it."
        )
    return model.eval()


def feature_extractor(name: str, *, local_files_only: bool) -> Any:
    """What makes a model's input of samples; raises `ModelUnavailable` where it wants another sample rate."""
    from transformers import AutoFeatureExtractor

    untyped: Any = AutoFeatureExtractor
    extractor = untyped.from_pretrained(name, local_files_only=local_files_only)
    if extractor.sampling_rate != SAMPLE_RATE:
        raise ModelUnavailable(f"The model {name} hears {extractor.sampling_rate} samples a second, not {SAMPLE_RATE}.")
    return extractor


def tokenizer(name: str, *, local_files_only: bool) -> Any:
    """What spells a model's output; raises `OSError` where its files are not here."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(name, local_files_only=local_files_only)
    except TypeError as problem:  # the slow tokenizers open the vocabulary that they have not found
        raise OSError("it comes without the files of its tokenizer, so what it writes cannot be read.") from problem


def features(extractor: Any, piece: Waveform, device: str, **options: Any) -> "dict[str, torch.Tensor]":
    """One piece of sound as the model takes it, alone in its batch and normalised by itself."""
    # Shorter than the first layers are wide, a piece has no frame at all.
    padded = np.pad(piece, (0, max(0, _FEWEST_SAMPLES - len(piece))))
    return dict(extractor(padded, sampling_rate=SAMPLE_RATE, return_tensors="pt", **options).to(device))


@contextmanager
def running(name: str) -> Iterator[None]:
    """Run a model without keeping gradients; what it fails with is an `AsrError`."""
    import torch

    try:
        with torch.inference_mode():
            yield
    except torch.OutOfMemoryError as problem:
        raise AsrError(
            f"{name} ran out of memory on its device; set DEVICE to cpu, or name a smaller model."
        ) from problem
    except RuntimeError as problem:
        raise AsrError(f"{name} failed: {_first_line(problem)}") from problem
