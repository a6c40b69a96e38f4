"""Which models would be used here and why, on which device, and whether their weights are available."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from hearsay.config import read_settings
from hearsay.doctor.findings import Finding, ok, problem, warning
from hearsay.extras import how_to_install
from hearsay.terminal.commands import to_type
from hearsay.text.format import file_size

if TYPE_CHECKING:
    from asr.models.selection import ModelSelection
    from asr.settings import AsrSettings


def look_at_models() -> Iterator[Finding]:
    """Which models a run would use, on which device, and which weights are available."""
    from asr.settings import AsrSettings

    settings = read_settings(AsrSettings)
    try:
        from asr.models.selection import select_emotion_model, select_speech_model
    except ModuleNotFoundError as missing:
        yield warning(f"not checked, because {missing.name} is not installed", f"run: {how_to_install('asr')}")
        return
    yield from _device(settings)
    yield from _choice("speech", select_speech_model, settings)
    yield from _choice("emotion", select_emotion_model, settings)
    yield from _weights()


def _device(settings: "AsrSettings") -> Iterator[Finding]:
    from asr.errors import ModelUnavailable
    from asr.inference.checkpoints import device_of, has_torch

    if not has_torch():
        advice = how_to_install("models")
        yield ok(
            f"torch is not installed; Whisper (CTranslate2) and PocketSphinx work without it; for others: {advice}"
        )
        return
    import torch

    gpus = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    try:
        yield ok(f"torch {torch.__version__} on {device_of(settings.device)}; GPU: {', '.join(gpus) or 'none'}")
    except ModelUnavailable as fault:
        yield problem(str(fault), "")


def _choice(
    purpose: str, choose: "Callable[[AsrSettings], ModelSelection]", settings: "AsrSettings"
) -> Iterator[Finding]:
    from asr.errors import ModelUnavailable
    from asr.models.hub import is_hub_reachable

    try:
        choice = choose(settings)
    except ModelUnavailable:  # of the device, which is reported in its own line
        return
    sentence = f"{purpose}: {choice.in_words()}"
    advice = "connect once to download it, or name a folder that contains it"
    if choice.is_fallback:
        yield warning(sentence, advice)
    elif choice.is_here or is_hub_reachable():
        yield ok(sentence)
    else:
        yield problem(f"{sentence}, and the hub cannot be reached", advice)


def _weights() -> Iterator[Finding]:
    """The published Whisper models that are available, and those with modified files."""
    from asr.inference.weights import nothing_kept
    from asr.models.published import PUBLISHED
    from asr.models.weights import is_damaged, published_here

    with nothing_kept():
        here = [f"{each.name} ({file_size(each.size)}, {each.licence}, in {each.folder})" for each in published_here()]
        damaged = [model.name for model in PUBLISHED.values() if is_damaged(model)]
    if here:
        yield ok(f"Whisper weights on this machine: {', '.join(here)}")
    if damaged:
        fetch = to_type(f"models fetch {' '.join(damaged)}")
        yield problem(f"damaged weights (checksum mismatch): {', '.join(damaged)}", f"run: {fetch}")
    if not here and not damaged:
        fetch = to_type(f"models fetch {next(iter(PUBLISHED))}")
        yield ok(f"no Whisper weights on this machine; to download some: {fetch}")
