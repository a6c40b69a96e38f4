"""Emotion models that are transformers audio classifiers, by Hugging Face name or folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from asr.errors import ModelUnavailable
from asr.inference.batched_model import BatchedModel
from asr.inference.checkpoints import Checkpoint, device_of, loaded
from asr.types import NO_EMOTION, DecodedAudio, EmotionOutput, Precision, named
from hearsay.records.emotions import EMOTIONS, UNCERTAIN, canonical_emotion

MIN_SCORE: Final = 0.5
"""Minimum score of a reported label, which the model considers more likely than not.

For a sigmoid output it is the decision threshold; for a softmax it is more than all other labels together. It is not
calibrated, since the calibration of a checkpoint is not known in advance.
"""


_MOST_NAMED: Final = 8
"""Labels that a message names."""


@dataclass(frozen=True, slots=True)
class ClassifierLabels:
    """The outputs of a classifier: canonical labels in order, and whether they are mutually exclusive."""

    labels: tuple[str, ...]
    exclude_each_other: bool


KNOWN_LABELS: Final = {
    # Its config names no labels. Order and multi-label training are documented by its authors (CAiRE, HKUST).
    "SER-wav2vec2-large-xlsr-53-eng-zho-all-age": ClassifierLabels(
        (
            "sadness",
            "fear",
            "angry",
            "happiness",
            "disgust",
            "neutral",
            "surprise",
            "positive",
            "negative",
            "excitement",
            "frustrated",
            UNCERTAIN,  # "other"
            UNCERTAIN,  # "unknown"
        ),
        exclude_each_other=False,
    )
}
"""Checkpoints whose configuration does not name the outputs, by the last part of the name or folder."""


class ClassifierEmotionModel:
    """An audio classification checkpoint by Hugging Face name or folder; processes many clips in common batches.

    For a clip longer than 30 s, the scores are the mean over its pieces, weighted by length. If the best score is below
    `MIN_SCORE`, or the best label means "other", the label is ``uncertain``.
    """

    def __init__(
        self, name: str, device: str = "auto", precision: Precision = "float32", batch_seconds: float = 0
    ) -> None:
        self.name = name
        self.device = device_of(device)
        extractor, self._labels, model, self.weights = loaded(name, _load)
        self.precision = named(precision)
        self._batched_model = BatchedModel(name, extractor, model, self.device, precision, batch_seconds)

    @property
    def padding_ratio(self) -> float:
        return self._batched_model.padding.ratio

    def tag(self, clips: Sequence[DecodedAudio]) -> list[EmotionOutput]:
        scores: list[list[NDArray[np.float64]]] = [[] for _ in clips]
        lengths: list[list[int]] = [[] for _ in clips]
        for output in self._batched_model.outputs(clips):
            logits = output.logits.double()
            probabilities = logits.softmax(-1) if self._labels.exclude_each_other else logits.sigmoid()
            scores[output.clip].append(np.asarray(probabilities))
            lengths[output.clip].append(output.end - output.start)
        return [
            emotion_of(np.average(own, axis=0, weights=weights), self._labels.labels) if own else NO_EMOTION
            for own, weights in zip(scores, lengths, strict=True)
        ]

    def close(self) -> None:
        """Do nothing: the garbage collector releases the model."""


def emotion_of(scores: NDArray[np.float64], labels: Sequence[str]) -> EmotionOutput:
    """The emotion from a model's scores (0..1, in the order of its labels), or ``uncertain``."""
    best = int(np.argmax(scores))
    by_label: dict[str, float] = {}
    for label, score in zip(labels, scores.tolist(), strict=True):
        by_label[label] = max(score, by_label.get(label, 0.0))  # a sum would favour canonical labels with two outputs
    label = labels[best] if scores[best] >= MIN_SCORE else UNCERTAIN
    return EmotionOutput(label, float(scores[best]), by_label)


def _load(checkpoint: Checkpoint) -> tuple[Any, ClassifierLabels, Any, str]:
    from transformers import AutoModelForAudioClassification, Wav2Vec2ForSequenceClassification

    extractor = checkpoint.feature_extractor()
    if known := KNOWN_LABELS.get(PurePath(checkpoint.name).name):
        model = checkpoint.model(Wav2Vec2ForSequenceClassification, num_labels=len(known.labels))
        return extractor, known, model, checkpoint.weights()
    model = checkpoint.model(AutoModelForAudioClassification)
    labels = _named_outputs(checkpoint.name, model.config.id2label, model.config.problem_type)
    return extractor, labels, model, checkpoint.weights()


def _named_outputs(name: str, id2label: dict[int, str], problem_type: str | None) -> ClassifierLabels:
    """The outputs as the configuration describes them; ``problem_type`` is that of transformers, None for one label."""
    if problem_type == "regression" or len(id2label) == 1:
        raise ModelUnavailable(
            f"The model {name} is a regression: its outputs ({', '.join(id2label.values())}) are measures, not "
            "probabilities of emotions. Name a model that classifies emotions."
        )
    labels = [id2label[number] for number in sorted(id2label)]
    if all(label.upper().startswith("LABEL_") for label in labels):
        raise ModelUnavailable(
            f"The configuration of the model {name} does not name the emotions of its {len(labels)} "
            "outputs; add them as id2label to its config.json."
        )
    canonical = tuple(map(canonical_emotion, labels))
    if set(canonical).isdisjoint(set(EMOTIONS) - {UNCERTAIN}):
        raise ModelUnavailable(
            f"None of the outputs of the model {name} is an emotion: {', '.join(labels[:_MOST_NAMED])}. Name a model "
            "that classifies emotions, or write their English names as id2label into its config.json."
        )
    return ClassifierLabels(canonical, exclude_each_other=problem_type != "multi_label_classification")
