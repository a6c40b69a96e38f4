"""The emotion model on Whisper's encoder: a linear classifier over the mean of two middle layers.

docs/emotion.md is its model card.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from asr.emotion.linear import LinearClassifier, Vector
from asr.emotion.whisper_encoder import WhisperEncoder
from asr.errors import ModelUnavailable
from asr.inference.weights import digest_of, file_digests
from asr.types import NO_EMOTION, DecodedAudio, EmotionOutput, Waveform

NAME: Final = "whisper-emotion"

LAYERS: Final = (2, 3)
"""The layers of the encoder, counted from 1, whose means are the features; one choice for all heads."""


def head_file(encoder: str) -> Path:
    """Where the classifier for a Whisper model is, by the model's name; it exists for the published models."""
    return Path(__file__).with_name(f"{encoder}.json")


def head_weights(encoder: str, encoder_digest: str) -> str:
    """The digest of a head together with the Whisper model that it belongs to; raises `OSError` without the head."""
    return digest_of({"encoder": encoder_digest, **file_digests({"head": head_file(encoder)})})


def whisper_features(encoder: WhisperEncoder, waveform: Waveform) -> Vector | None:
    """The features of a clip, shape (layers * width,); None without 0.3 s of sound."""
    embedding = encoder.embedding(waveform)
    return None if embedding is None else embedding[[layer - 1 for layer in LAYERS]].ravel().astype(float)


class WhisperEmotionModel:
    """Recognises emotion from the encoder of a published Whisper model, without torch.

    ``folder`` contains the model ``encoder`` in CTranslate2's format, ``digest`` is that of its files. If the model is
    unsure, or there is no speech, the label is ``uncertain``.
    """

    name: Final = NAME
    device: Final = "cpu"
    precision: Final = ""
    padding_ratio: Final = 1.0

    def __init__(self, folder: Path, encoder: str, digest: str) -> None:
        self._head = _read_head(head_file(encoder))
        self._encoder = WhisperEncoder(folder, max(LAYERS))
        self.weights = head_weights(encoder, digest)

    def tag(self, clips: Sequence[DecodedAudio]) -> list[EmotionOutput]:
        return [self._emotion(clip) for clip in clips]

    def close(self) -> None:
        """Do nothing: the garbage collector releases the model."""

    def _emotion(self, clip: DecodedAudio) -> EmotionOutput:
        if not clip.stretches or (features := whisper_features(self._encoder, clip.waveform)) is None:
            return NO_EMOTION
        return self._head.emotion_of(features)


def _read_head(path: Path) -> LinearClassifier:
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return LinearClassifier.from_json(fields)
    except (OSError, KeyError, TypeError, ValueError) as problem:
        advice = "install the project again, or train it with python -m asr.training.whisper_emotion"
        raise ModelUnavailable(f"{path} is not a head of the emotion model ({problem}); {advice}.") from problem
