"""The registry of models: from a name in the settings to a speech model or an emotion model."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from asr.emotion.classifier import ClassifierEmotionModel
from asr.emotion.linear import LinearEmotionModel
from asr.errors import ModelUnavailable
from asr.inference.checkpoints import Checkpoint, device_of, has_torch, loaded
from asr.settings import AsrSettings
from asr.speech import pocketsphinx
from asr.speech.ctc import CtcSpeechModel
from asr.speech.pocketsphinx import PocketSphinxSpeechModel
from asr.speech.seq2seq import Seq2SeqSpeechModel
from asr.types import EmotionModel, SpeechModel

Model_co = TypeVar("Model_co", covariant=True)

AUTO: Final = "auto"
SPEECH_ON_GPU: Final = "facebook/wav2vec2-large-960h"
SPEECH_ON_CPU: Final = "facebook/wav2vec2-base-960h"
EMOTION_ON_GPU: Final = "CAiRE/SER-wav2vec2-large-xlsr-53-eng-zho-all-age"


@dataclass(frozen=True, slots=True)
class OpenedModel(Generic[Model_co]):
    """A loaded model, and a warning if it replaces another one."""

    model: Model_co
    warning: str | None = None


def open_speech_model(settings: AsrSettings) -> OpenedModel[SpeechModel]:
    """The speech model that ``asr_model`` names; raises `ModelUnavailable` if a named one is not available.

    ``auto`` is the larger wav2vec2 on a GPU, the smaller one on a CPU, and PocketSphinx if that is not available.
    """
    if settings.asr_model == pocketsphinx.NAME:
        return _pocketsphinx(settings)
    if settings.asr_model != AUTO:
        return OpenedModel(checkpoint_speech_model(settings.asr_model, settings))
    wanted = SPEECH_ON_GPU if _has_gpu(settings.device) else SPEECH_ON_CPU
    try:
        return OpenedModel(checkpoint_speech_model(wanted, settings))
    except ModelUnavailable as problem:
        return _pocketsphinx(settings, _warning("speech", wanted, problem, pocketsphinx.NAME))


def open_emotion_model(settings: AsrSettings) -> OpenedModel[EmotionModel]:
    """The emotion model that ``ser_model`` names; raises `ModelUnavailable` if a named one is not available.

    ``auto`` is the large classifier on a GPU, and the linear model elsewhere or if the large one is not available.
    """
    if settings.ser_model not in (AUTO, LinearEmotionModel.name):
        return OpenedModel(_checkpoint_emotion_model(settings.ser_model, settings))
    if settings.ser_model != AUTO or not _has_gpu(settings.device):
        return OpenedModel(LinearEmotionModel())
    try:
        return OpenedModel(_checkpoint_emotion_model(EMOTION_ON_GPU, settings))
    except ModelUnavailable as problem:
        return OpenedModel(LinearEmotionModel(), _warning("emotion", EMOTION_ON_GPU, problem, LinearEmotionModel.name))


def checkpoint_speech_model(name: str, settings: AsrSettings) -> SpeechModel:
    """The speech model of a checkpoint, by the architecture in its configuration; raises `ModelUnavailable`."""
    device = device_of(settings.device)
    if loaded(name, _class_of_checkpoint) is Seq2SeqSpeechModel:
        return Seq2SeqSpeechModel(name, device, settings.precision)
    return CtcSpeechModel(name, device, settings.precision, settings.batch_seconds)


def _checkpoint_emotion_model(name: str, settings: AsrSettings) -> EmotionModel:
    return ClassifierEmotionModel(name, settings.device, settings.precision, settings.batch_seconds)


def _class_of_checkpoint(checkpoint: Checkpoint) -> type[CtcSpeechModel | Seq2SeqSpeechModel]:
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CTC_MAPPING_NAMES,
        MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES,
    )

    config = AutoConfig.from_pretrained(checkpoint.folder, local_files_only=True)
    architectures = set(config.architectures or ())
    if architectures & set(MODEL_FOR_CTC_MAPPING_NAMES.values()):
        return CtcSpeechModel
    if architectures & set(MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES.values()):
        return Seq2SeqSpeechModel
    raise ModelUnavailable(
        f"The model {checkpoint.name} is not a speech model ({', '.join(architectures) or config.model_type}); "
        "name a CTC model such as wav2vec2, or a sequence-to-sequence model such as Whisper."
    )


def _pocketsphinx(settings: AsrSettings, *sentences: str) -> OpenedModel[SpeechModel]:
    """PocketSphinx, with warnings, also that it does not use the GPU that the settings name."""
    if settings.device not in (AUTO, PocketSphinxSpeechModel.device):
        advice = f"set DEVICE to {AUTO}, or ASR_MODEL to a model that runs there."
        sentences += (f"DEVICE is {settings.device}, but {pocketsphinx.NAME} runs on the CPU only; {advice}",)
    return OpenedModel(PocketSphinxSpeechModel(settings.workers), " ".join(sentences) or None)


def _has_gpu(device: str) -> bool:
    return has_torch() and device_of(device).startswith("cuda")


def _warning(purpose: str, wanted: str, problem: ModelUnavailable, used: str) -> str:
    return f"The default {purpose} model of this machine, {wanted}, is not available: {problem} Using {used} instead."
