"""Trains and evaluates the model of `asr.emotion.linear` on acted emotions: ``python -m asr.training.emotion``.

FOLDER has a ``labels.csv`` with the columns ``file``, ``emotion`` and ``speaker``. Everything is chosen on that folder,
by judging each speaker with a model of the others; folders given with ``--measure`` are used for evaluation only.
Needs scikit-learn.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from asr.emotion.linear import LIMITS, MODEL, NEVER_REPORTED, VECTORS, LinearClassifier, Vector
from asr.errors import BadSource
from asr.training.datasets import LabelledVoices, Names, read_labelled_voices, read_labels, read_waveform
from hearsay.errors import HearsayError
from hearsay.records.emotions import UNCERTAIN, canonical_emotion

ATTRIBUTION: Final = (
    "Trained on the Berlin Database of Emotional Speech (EMO-DB): F. Burkhardt, A. Paeschke, M. Rolfes, "
    "W. Sendlmeier, B. Weiss, A Database of German Emotional Speech, Interspeech 2005; licensed CC BY 4.0. "
    "Changed: reduced to the weights of a linear model."
)

MIN_PRECISION: Final = 0.95
"""Target precision of reported labels, for unseen speakers and recordings."""

MAX_FALSE_ALARMS: Final = 0.15
"""Maximum share of clips with a reported label, among emotions that the model does not know."""

_DISTANCE_QUANTILE: Final = 0.99  # of the training clips, each scored by a model without its speaker
_REGULARISATIONS: Final = (0.003, 0.01, 0.03, 0.1)  # inverse regularisation strength, LogisticRegression's C
_UNLABELLED: Final = 200  # number of clips to measure the share of reported labels
_AUDIO: Final = frozenset({".flac", ".mp3", ".wav", ".ogg"})

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """Outputs of models for unseen speakers: probabilities (clips, labels), strangeness (clips,)."""

    labels: Names
    emotions: Names
    probabilities: Vector
    strangeness: Vector

    @property
    def best(self) -> Names:
        return np.asarray(self.labels[self.probabilities.argmax(axis=1)])

    @property
    def scores(self) -> Vector:
        return np.asarray(self.probabilities.max(axis=1))

    @property
    def log_loss(self) -> float:
        of_truth = self.probabilities[np.arange(len(self.emotions)), np.searchsorted(self.labels, self.emotions)]
        return float(-np.log(np.maximum(of_truth, 1e-9)).mean())


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        model, figures = train(read_labelled_voices(options.folder))
        figures |= {folder.resolve().name: measure(model, folder) for folder in options.measure}
    except HearsayError as problem:
        print(f"asr.training.emotion: {problem}", file=sys.stderr)
        return 2
    write_model(model, figures, options.out)
    print(json.dumps(figures, indent=2))
    return 0


def parser() -> argparse.ArgumentParser:
    """The options of ``python -m asr.training.emotion``."""
    top = argparse.ArgumentParser(prog="python -m asr.training.emotion", description="Train the classic emotion model.")
    top.add_argument("folder", metavar="FOLDER", type=Path, help="clips, with labels.csv: file, emotion, speaker")
    top.add_argument(
        "--measure",
        metavar="OTHER",
        type=Path,
        action="append",
        default=[],
        help="folder of another corpus to measure the model on",
    )
    top.add_argument(
        "--out", metavar="FILE", type=Path, default=MODEL, help="the model file (default: the one that Hearsay loads)"
    )
    return top


def train(labelled: LabelledVoices) -> tuple[LinearClassifier, dict[str, Any]]:
    """The model of all speakers, and its figures from leave-one-speaker-out cross-validation."""
    validated = {strength: leave_one_speaker_out(labelled, strength) for strength in _REGULARISATIONS}
    strength = min(validated, key=lambda each: sum(outputs.log_loss for outputs in validated[each]))
    recorded, changed = validated[strength]
    min_score = max(least_score(changed, MIN_PRECISION), score_on_unseen_emotions(labelled, strength))
    max_strangeness = float(np.quantile(recorded.strangeness, _DISTANCE_QUANTILE))
    model = replace(fit(labelled, strength), min_score=min_score, max_strangeness=max_strangeness)
    figures = {"recorded": figures_of(model, recorded), "other_channel": figures_of(model, changed)}
    return model, {"leave_one_speaker_out": {"clips": len(labelled.emotions), "strength": strength, **figures}}


def leave_one_speaker_out(labelled: LabelledVoices, strength: float) -> tuple[CrossValidation, CrossValidation]:
    """Outputs for every clip and its altered copy, by a model that was trained without its speaker."""
    labels = np.unique(labelled.emotions)
    probabilities = np.zeros((2, len(labelled.emotions), len(labels)))
    strangeness = np.zeros((2, len(labelled.emotions)))
    for speaker in np.unique(labelled.speakers):
        held_out = labelled.speakers == speaker
        model = fit(labelled.only(~held_out), strength)
        for at, features in enumerate((labelled.recorded, labelled.changed[0])):
            columns = np.searchsorted(labels, model.labels)
            probabilities[at][np.ix_(held_out, columns)] = model.probabilities(features[held_out])
            strangeness[at, held_out] = model.strangeness(features[held_out])
    recorded, changed = (
        CrossValidation(labels, labelled.emotions, probabilities[at], strangeness[at]) for at in (0, 1)
    )
    return recorded, changed


def score_on_unseen_emotions(labelled: LabelledVoices, strength: float) -> float:
    """The score that at most `MAX_FALSE_ALARMS` of the clips of unseen speakers in unseen emotions exceed.

    Other corpora contain emotions that are not in the training data; the model should report no label for them.
    """
    scores = np.zeros(len(labelled.emotions))
    for speaker, emotion in sorted(set(zip(labelled.speakers.tolist(), labelled.emotions.tolist(), strict=True))):
        is_speaker, is_emotion = labelled.speakers == speaker, labelled.emotions == emotion
        model = fit(labelled.only(~is_speaker & ~is_emotion), strength)
        probabilities = model.probabilities(labelled.recorded[is_speaker & is_emotion])
        may_be_reported = ~np.isin(np.array(model.labels)[probabilities.argmax(axis=1)], list(NEVER_REPORTED))
        scores[is_speaker & is_emotion] = probabilities.max(axis=1) * may_be_reported
    return float(np.quantile(scores, 1 - MAX_FALSE_ALARMS))


def fit(labelled: LabelledVoices, strength: float) -> LinearClassifier:
    """Logistic regression over all recordings and altered copies; without limits it reports the best label."""
    features = np.concatenate([labelled.recorded, *labelled.changed])
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-9
    regression = LogisticRegression(C=strength, class_weight="balanced", max_iter=1_000)
    regression.fit((features - mean) / deviation, np.tile(labelled.emotions, 1 + len(labelled.changed)))
    labels = tuple(regression.classes_.tolist())
    return LinearClassifier(labels, mean, deviation, regression.coef_.T, regression.intercept_, 0.0, np.inf)


def least_score(validated: CrossValidation, min_precision: float) -> float:
    """The lowest score above which reported labels have the target precision."""
    may_be_reported = ~np.isin(validated.best, list(NEVER_REPORTED))
    scores, is_right = validated.scores[may_be_reported], (validated.best == validated.emotions)[may_be_reported]
    order = np.argsort(-scores)
    right_so_far = np.cumsum(is_right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(right_so_far >= min_precision)
    return float(scores[order][enough[-1]]) if enough.size else 1.0


def figures_of(model: LinearClassifier, validated: CrossValidation) -> Figures:
    """``recall``: unweighted average recall of the best label; ``coverage``: share of clips with a reported label;
    ``precision``: share of correct labels among these; ``calibration``: expected calibration error of the scores, in
    ten bins. ``said`` and ``right`` are the old names of ``coverage`` and ``precision``.
    """
    judgements = zip(validated.best, validated.scores, validated.strangeness, strict=True)
    is_accepted = np.array([model.accepts(*judgement) for judgement in judgements])
    is_right = validated.best == validated.emotions
    tenth = np.minimum((validated.scores * 10).astype(int), 9)
    gaps = [abs(np.sum(validated.scores[tenth == at]) - np.sum(is_right[tenth == at])) for at in range(10)]
    return {
        "recall": _recall(validated.best, validated.emotions),
        "calibration": round(float(sum(gaps) / len(validated.scores)), 3),
        **_coverage_and_precision(is_accepted, is_right),
    }


def _recall(best: Names, emotions: Names) -> float:
    return round(float(np.mean([np.mean(best[emotions == each] == each) for each in np.unique(emotions)])), 3)


def _coverage_and_precision(is_accepted: NDArray[np.bool_], is_right: NDArray[np.bool_]) -> Figures:
    if not is_accepted.any():
        return _coverage(is_accepted)
    precision = round(float(is_right[is_accepted].mean()), 3)
    return {**_coverage(is_accepted), "precision": precision, "right": precision}


def _coverage(is_accepted: NDArray[np.bool_]) -> Figures:
    coverage = round(float(is_accepted.mean()), 3)
    return {"coverage": coverage, "said": coverage}


def measure(model: LinearClassifier, folder: Path) -> Figures:
    """Figures on another corpus; without ``labels.csv`` only the share of clips with a reported label.

    With it, ``recall`` is over the common emotions, ``coverage`` and ``precision`` over all clips of the folder.
    """
    if (folder / "labels.csv").exists():
        rows = read_labels(folder, ("file", "emotion"))
        truth = np.array([canonical_emotion(row["emotion"]) for row in rows])
        emotions = [model.emotion(read_waveform(folder / row["file"])) for row in rows]
        reported = np.array([emotion.label for emotion in emotions])
        shared = sorted(set(model.labels) & set(truth.tolist()))
        best = np.array([max(shared, key=lambda label: emotion.scores.get(label, 0.0)) for emotion in emotions])
        both = np.isin(truth, shared)
        figures = {"clips": len(rows), "shared_emotions": len(shared), "recall": _recall(best[both], truth[both])}
        return {**figures, **_coverage_and_precision(reported != UNCERTAIN, reported == truth)}
    paths = sorted(path for path in folder.rglob("*") if path.suffix in _AUDIO)[:_UNLABELLED]
    if not paths:
        raise BadSource(
            f"{folder} has neither labels.csv nor {', '.join(sorted(_AUDIO))} files; name a folder of clips."
        )
    is_accepted = np.array([model.emotion(read_waveform(path)).label != UNCERTAIN for path in paths])
    return {"clips": len(paths), **_coverage(is_accepted)}


def write_model(model: LinearClassifier, figures: Mapping[str, Any], path: Path) -> None:
    """Write the model as JSON, numbers to five digits, with the attribution of its data and its figures."""
    numbers = json.dumps({name: getattr(model, name).tolist() for name in VECTORS})
    vectors = json.loads(numbers, parse_float=lambda digits: float(f"{float(digits):.5g}"))
    limits = {name: round(float(getattr(model, name)), 4) for name in LIMITS}
    head = {"attribution": ATTRIBUTION, "figures": figures, "labels": model.labels}
    path.write_text(json.dumps({**head, **limits, **vectors}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
