"""The accuracy of the emotion model ``whisper-emotion``, with speakers left out and on another corpus.

    python bench/emotion.py DATA [--encoder whisper-tiny.en] [--embeddings FOLDER] [--json]

DATA contains ``emodb-2s``, ``emodb-uncut`` and ``ravdess``, each with a ``labels.csv``, and ``common-voice``.
Embeddings are kept in ``--embeddings``, if given. ``uar`` is the unweighted average recall, with the 95 % interval of a
bootstrap over speakers. Nothing of RAVDESS is used for the model: it is only measured. There, *calm* counts as
*neutral*, and *surprise*, which the model does not know, is left out, except where eight labels are named.
``cost`` is the CPU time of the emotion model over that of the transcription with the same Whisper model, in one thread.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from asr.audio.decoding import decode_audio  # noqa: E402
from asr.audio.vad import detect_speech  # noqa: E402
from asr.emotion.linear import LinearClassifier, Vector  # noqa: E402
from asr.emotion.whisper_emotion import LAYERS, NAME, head_file, whisper_features  # noqa: E402
from asr.emotion.whisper_encoder import WhisperEncoder  # noqa: E402
from asr.models.published import PUBLISHED  # noqa: E402
from asr.models.registry import open_emotion_model, open_speech_model  # noqa: E402
from asr.models.weights import resolve_weights  # noqa: E402
from asr.settings import AsrSettings  # noqa: E402
from asr.training.datasets import (  # noqa: E402
    LabelledVoices,
    Names,
    read_labels,
    read_waveform,
    through_another_channel,
)
from asr.training.emotion import fit  # noqa: E402
from asr.training.whisper_emotion import STRENGTH  # noqa: E402
from hearsay.records.emotions import canonical_emotion  # noqa: E402

FOLDS = 8
RESAMPLED = 1_000
COMMON_VOICE = 400
TIMED = 80
CHANCE_OF_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True)
class Answers:
    """The true and the predicted label of each clip, and its speaker."""

    truth: Names
    best: Names
    speakers: Names

    def figures(self) -> dict[str, Any]:
        random = np.random.default_rng(0)
        members = {speaker: np.flatnonzero(self.speakers == speaker) for speaker in np.unique(self.speakers)}
        names = list(members)
        drawn = []
        for _ in range(RESAMPLED):
            chosen = np.concatenate([members[names[at]] for at in random.integers(len(names), size=len(names))])
            drawn.append(recall(self.truth[chosen], self.best[chosen]))
        low, high = np.percentile(drawn, CHANCE_OF_INTERVAL)
        return {
            "clips": len(self.truth),
            "uar": round(recall(self.truth, self.best), 3),
            "interval": [round(float(low), 3), round(float(high), 3)],
        }


def main() -> int:
    options = parsed()
    weights = resolve_weights(options.encoder, AsrSettings())
    encoder = WhisperEncoder(weights.folder, max(LAYERS))
    emodb = corpus(options, encoder, "emodb-2s", 2, "speaker")
    uncut = corpus(options, encoder, "emodb-uncut", 0, "speaker")
    ravdess = corpus(options, encoder, "ravdess", 2, "actor")
    head = LinearClassifier.from_json(json.loads(head_file(options.encoder).read_text(encoding="utf-8")))
    figures = {
        "encoder": options.encoder,
        "emodb_7": speakers_left_out(emodb, emodb, 1).figures(),
        "emodb_uncut_4": speakers_left_out(emodb, uncut, 1).figures(),
        "ravdess_8": speakers_left_out(ravdess, ravdess, len(np.unique(ravdess.speakers)) // FOLDS).figures(),
        **on_another_corpus(head, ravdess),
        "common_voice": on_read_speech(head, encoder, options.data / "common-voice"),
        "cost": cost(options.encoder, options.data / "common-voice"),
    }
    print(json.dumps(figures, indent=None if options.json else 2))
    return 0


def parsed() -> argparse.Namespace:
    top = argparse.ArgumentParser(description="Measure the emotion model whisper-emotion.")
    top.add_argument("data", metavar="DATA", type=Path)
    top.add_argument("--encoder", choices=PUBLISHED, default="whisper-tiny.en")
    top.add_argument("--embeddings", metavar="FOLDER", type=Path, help="where embeddings are kept between runs")
    top.add_argument("--json", action="store_true", help="one line of JSON")
    return top.parse_args()


def corpus(
    options: argparse.Namespace, encoder: WhisperEncoder, name: str, copies: int, speaker: str
) -> LabelledVoices:
    """The features of a corpus, and of ``copies`` of each clip through other channels."""
    rows = read_labels(options.data / name, ("file", "emotion", speaker))
    kept = options.embeddings / f"{options.encoder}-{name}.npy" if options.embeddings else None
    if kept and kept.exists():
        features = np.load(kept)
    else:
        waveforms = (read_waveform(options.data / name / row["file"]) for row in rows)
        features = np.array(
            [
                [described(encoder, each) for each in (waveform, *changed(waveform, copies, number))]
                for number, waveform in enumerate(waveforms)
            ]
        )
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.save(kept, features)
    emotions = np.array([canonical_emotion(row["emotion"]) for row in rows])
    copied = tuple(features[:, 1 + copy] for copy in range(copies))
    return LabelledVoices(features[:, 0], copied, emotions, np.array([row[speaker] for row in rows]))


def changed(waveform: NDArray[np.float32], copies: int, number: int) -> Iterator[NDArray[np.float32]]:
    """The clip of this number through other channels."""
    random = np.random.default_rng([2005, number])
    for _ in range(copies):
        yield through_another_channel(waveform, random)


def described(encoder: WhisperEncoder, waveform: NDArray[np.float32]) -> Vector:
    features = whisper_features(encoder, waveform)
    if features is None:
        raise SystemExit("A clip has no sound; remove it from labels.csv.")
    return features


def speakers_left_out(training: LabelledVoices, tested: LabelledVoices, at_once: int) -> Answers:
    """The answers for each clip of ``tested`` of models without its speaker, among the labels that it has."""
    speakers = np.unique(tested.speakers)
    best = np.empty_like(tested.emotions)
    for first in range(0, len(speakers), at_once):
        out = speakers[first : first + at_once]
        model = fit(training.only(~np.isin(training.speakers, out)), STRENGTH)
        own = np.isin(tested.speakers, out)
        best[own] = best_of(model, tested.recorded[own], np.unique(tested.emotions))
    return Answers(tested.emotions, best, tested.speakers)


def best_of(model: LinearClassifier, features: Vector, among: Names) -> Names:
    labels = np.array(model.labels)
    possible = np.isin(labels, among)
    return np.asarray(labels[possible][model.probabilities(features)[:, possible].argmax(axis=1)])


def on_another_corpus(head: LinearClassifier, ravdess: LabelledVoices) -> dict[str, Any]:
    """The shipped head on RAVDESS: UAR of six labels, and the accuracy of what it labels without *surprise*."""
    shared = np.intersect1d(ravdess.emotions, head.labels)
    both = ravdess.only(np.isin(ravdess.emotions, shared))
    answers = Answers(both.emotions, best_of(head, both.recorded, shared), both.speakers)
    known = ravdess.only(ravdess.emotions != "surprise")
    known = replace(known, emotions=np.where(known.emotions == "calm", "neutral", known.emotions))
    given = np.array([head.emotion_of(each).label for each in known.recorded])
    labelled = np.isin(given, head.labels)
    right = given[labelled] == known.emotions[labelled]
    labelled_figures = {
        "coverage": round(float(labelled.mean()), 3),
        "accuracy": round(float(right.mean()), 3) if labelled.any() else None,
    }
    return {"ravdess_6": answers.figures(), "ravdess_labelled": labelled_figures}


def on_read_speech(head: LinearClassifier, encoder: WhisperEncoder, folder: Path) -> dict[str, Any]:
    """How often each label is given on clips of read speech, for which no true emotion is known."""
    given = Counter(head.emotion_of(features).label for features in first_clips(encoder, folder))
    total = sum(given.values())
    return {"clips": total, "labels": {label: round(count / total, 3) for label, count in given.most_common()}}


def first_clips(encoder: WhisperEncoder, folder: Path) -> Iterator[Vector]:
    for path in sorted(folder.rglob("*.mp3"))[:COMMON_VOICE]:
        features = whisper_features(encoder, read_waveform(path))
        if features is not None:
            yield features


def cost(encoder: str, folder: Path) -> dict[str, Any]:
    """The CPU time of transcription and of emotion for the same clips, each after four clips that are not counted."""
    settings = AsrSettings(asr_model=encoder, ser_model=NAME, workers=1, device="cpu")
    paths = sorted(folder.rglob("*.mp3"))[:TIMED]
    clips = [detect_speech(decode_audio(path.read_bytes(), settings.max_clip_seconds)) for path in paths]
    seconds = []
    for run in (open_speech_model(settings).model.transcribe, open_emotion_model(settings).model.tag):
        run(clips[:4])
        before = time.process_time()
        run(clips)
        seconds.append(time.process_time() - before)
    transcription, emotion = seconds
    return {
        "clips": len(clips),
        "transcription_seconds": round(transcription, 2),
        "emotion_seconds": round(emotion, 2),
        "ratio": round(emotion / transcription, 3),
    }


def recall(truth: Names, best: Names) -> float:
    """The unweighted average recall."""
    return float(np.mean([np.mean(best[truth == label] == label) for label in np.unique(truth)]))


if __name__ == "__main__":
    sys.exit(main())
