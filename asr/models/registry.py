"""The registry of models: from a name in the settings to a speech model or an emotion model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from asr.emotion.classifier import ClassifierEmotionModel
from asr.emotion.linear import LinearEmotionModel
from asr.emotion.whisper_emotion import WhisperEmotionModel
from asr.errors import ModelUnavailable
from asr.inference.checkpoints import Checkpoint, device_of, downloads, has_torch, loaded
from asr.models.published import ENGLISH, PublishedModel, models_for, published
from asr.models.weights import is_ctranslate2, resolve_weights
from asr.settings import AsrSettings
from asr.speech import pocketsphinx
from asr.speech.ctc import CtcSpeechModel
from asr.speech.pocketsphinx import PocketSphinxSpeechModel
from asr.speech.seq2seq import Seq2SeqSpeechModel
from asr.speech.whisper import WhisperSpeechModel
from asr.types import EmotionModel, SpeechModel

Model_co = TypeVar("Model_co", covariant=True)

AUTO: Final = "auto"
ENGLISH_ON_GPU: Final = "nvidia/parakeet-ctc-1.1b"
OTHER_LANGUAGES_ON_GPU: Final = "Systran/faster-whisper-large-v3"
EMOTION_ON_GPU: Final = "CAiRE/SER-wav2vec2-large-xlsr-53-eng-zho-all-age"


_CTC_HEADS: Final = ("lm_head.", "ctc_head.")
"""How the weights of the layer begin that writes text, in the CTC models of transformers."""


@dataclass(frozen=True, slots=True)
class OpenedModel(Generic[Model_co]):
    """A loaded model, and a warning if it replaces another one."""

    model: Model_co
    warning: str | None = None


def open_speech_model(settings: AsrSettings) -> OpenedModel[SpeechModel]:
    """The speech model that ``asr_model`` names; raises `ModelUnavailable` if a named model cannot be loaded.

    ``auto`` is the first of `speech_candidates` that can be loaded; what could not be is named in the warning.
    """
    if settings.asr_model != AUTO:
        return _open_by_name(settings.asr_model, settings)
    failed: list[str] = []
    *better, last = speech_candidates(settings)
    for name in better:
        try:
            return _with_reasons(_open_by_name(name, settings), failed)
        except ModelUnavailable as problem:
            if not any(str(problem) in reason for reason in failed):  # a model and its base lack the same files
                failed.append(f"{name} cannot be loaded: {problem}")
    return _with_reasons(_open_by_name(last, settings), failed)


def speech_candidates(settings: AsrSettings) -> list[str]:
    """The speech models for ``auto``, best first, for this device and language. docs/recognition.md gives the reasons.

    On a GPU a large model comes first; elsewhere, and after it, the published Whisper models for the language. English
    ends with PocketSphinx, which needs no weights.
    """
    is_english = settings.asr_language == ENGLISH
    on_gpu = [ENGLISH_ON_GPU if is_english else OTHER_LANGUAGES_ON_GPU] if _has_gpu(settings.device) else []
    published = [model.name for model in models_for(settings.asr_language)]
    return [*on_gpu, *published, *([pocketsphinx.NAME] if is_english else [])]


def open_emotion_model(settings: AsrSettings) -> OpenedModel[EmotionModel]:
    """The emotion model that ``ser_model`` names; raises `ModelUnavailable` if a named one is not available.

    ``auto`` is the first of `emotion_candidates` that can be loaded; what could not be is named in the warning.
    """
    if settings.ser_model != AUTO:
        return OpenedModel(_open_emotion_by_name(settings.ser_model, settings))
    failed: list[str] = []
    *better, last = emotion_candidates(settings)
    for name in better:
        try:
            return OpenedModel(_open_emotion_by_name(name, settings), _in_place_of(failed, name))
        except ModelUnavailable as problem:
            failed.append(f"The emotion model {name} is not available: {problem}")
    return OpenedModel(_open_emotion_by_name(last, settings), _in_place_of(failed, last))


def emotion_candidates(settings: AsrSettings) -> list[str]:
    """The emotion models for ``auto``, best first, for this device."""
    on_gpu = [EMOTION_ON_GPU] if _has_gpu(settings.device) else []
    return [*on_gpu, WhisperEmotionModel.name, LinearEmotionModel.name]


def emotion_encoder(settings: AsrSettings) -> PublishedModel:
    """The Whisper model whose encoder ``whisper-emotion`` uses: the speech model if it is a published one.

    With another speech model, it is the one that ``auto`` prefers for the language.
    """
    return published(settings.asr_model) or models_for(settings.asr_language)[0]


def _open_by_name(name: str, settings: AsrSettings) -> OpenedModel[SpeechModel]:
    if name == pocketsphinx.NAME:
        warning = None
        if settings.device not in (AUTO, PocketSphinxSpeechModel.device):
            advice = f"set DEVICE to {AUTO}, or ASR_MODEL to a model that runs there."
            warning = f"DEVICE is {settings.device}, but {pocketsphinx.NAME} runs on the CPU only; {advice}"
        return OpenedModel(PocketSphinxSpeechModel(settings.workers), warning)
    if is_ctranslate2(name, settings):
        weights = resolve_weights(name, settings)
        model = WhisperSpeechModel(
            weights.folder,
            weights.name,
            weights.digest,
            language=settings.asr_language,
            device=settings.device,
            precision=settings.precision,
            workers=settings.workers,
        )
        return OpenedModel(model)
    return OpenedModel(checkpoint_speech_model(name, settings))


def checkpoint_speech_model(name: str, settings: AsrSettings) -> SpeechModel:
    """The speech model of a checkpoint, by its configuration or its weights; raises `ModelUnavailable`."""
    device = device_of(settings.device)
    with downloads(allowed="hub" in settings.sources):
        if loaded(name, _class_of_checkpoint) is Seq2SeqSpeechModel:
            return Seq2SeqSpeechModel(name, device, settings.precision, settings.batch_seconds)
        return CtcSpeechModel(name, device, settings.precision, settings.batch_seconds)


def _open_emotion_by_name(name: str, settings: AsrSettings) -> EmotionModel:
    if name == LinearEmotionModel.name:
        return LinearEmotionModel()
    if name == WhisperEmotionModel.name:
        encoder = emotion_encoder(settings)
        weights = resolve_weights(encoder.name, settings)
        return WhisperEmotionModel(weights.folder, encoder.name, weights.digest)
    return _checkpoint_emotion_model(name, settings)


def _in_place_of(failed: Sequence[str], used: str) -> str | None:
    return " ".join([*failed, f"Using {used} instead."]) if failed else None


def _checkpoint_emotion_model(name: str, settings: AsrSettings) -> EmotionModel:
    with downloads(allowed="hub" in settings.sources):
        return ClassifierEmotionModel(name, settings.device, settings.precision, settings.batch_seconds)


def _class_of_checkpoint(checkpoint: Checkpoint) -> type[CtcSpeechModel | Seq2SeqSpeechModel]:
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CTC_MAPPING_NAMES,
        MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES,
    )

    config = AutoConfig.from_pretrained(checkpoint.folder, local_files_only=True)
    architectures = set(config.architectures or ())
    kind = config.model_type
    if architectures & set(MODEL_FOR_CTC_MAPPING_NAMES.values()):
        return CtcSpeechModel
    if architectures & set(MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES.values()):
        return Seq2SeqSpeechModel
    # Some checkpoints name another class than that of their weights, or none; then the weights decide.
    if kind in MODEL_FOR_CTC_MAPPING_NAMES and any(name.startswith(_CTC_HEADS) for name in checkpoint.tensor_names()):
        return CtcSpeechModel
    if kind in MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES and not architectures:
        return Seq2SeqSpeechModel
    raise ModelUnavailable(
        f"The model {checkpoint.name} is not a speech model ({', '.join(architectures) or config.model_type}); "
        "name a CTC model such as wav2vec2, or a sequence-to-sequence model such as Whisper."
    )


def _has_gpu(device: str) -> bool:
    return has_torch() and device_of(device).startswith("cuda")


def _with_reasons(opened: OpenedModel[SpeechModel], failed: Sequence[str]) -> OpenedModel[SpeechModel]:
    """The opened model with the reasons why better ones are not used, beside its own warning."""
    if not failed:
        return opened
    sentences = [*failed, f"Using {opened.model.name} instead.", opened.warning]
    return OpenedModel(opened.model, " ".join(filter(None, sentences)))
