import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoFeatureExtractor, Wav2Vec2ForSequenceClassification

from asr.audio.decoding import decode_audio
from asr.emotion.classifier import KNOWN_LABELS, MIN_SCORE, ClassifierEmotionModel, emotion_of
from asr.errors import ModelUnavailable
from asr.inference.batching import MOST_PADDING
from asr.types import NO_EMOTION, EmotionOutput, Waveform
from tests.support.checkpoints import save_classifier, save_wav2vec2
from tests.support.recordings import audio_of, bursts

CAIRE = "SER-wav2vec2-large-xlsr-53-eng-zho-all-age"
THIRTEEN = (
    *("sadness", "fear", "angry", "happiness", "disgust", "neutral", "surprise", "positive", "negative"),
    *("excitement", "frustrated", "other", "unknown"),
)
LABELS = {0: "ang", 1: "Happy", 2: "neu", 3: "SAD"}


@pytest.fixture(scope="module")
def clip(samples: Path) -> Waveform:
    return decode_audio((samples / "sample-000000.mp3").read_bytes(), 60)


def logits_of(folder: Path, clip: Waveform) -> torch.Tensor:
    inputs = AutoFeatureExtractor.from_pretrained(folder)(clip, sampling_rate=16_000, return_tensors="pt")
    with torch.inference_mode():
        return Wav2Vec2ForSequenceClassification.from_pretrained(folder).eval()(**inputs).logits[0]


def test_exclusive_labels_have_softmax_scores(tmp_path: Path, clip: Waveform):
    folder = save_classifier(tmp_path, LABELS)
    (emotion,) = ClassifierEmotionModel(str(folder), "cpu").tag(audio_of(clip))
    expected = logits_of(folder, clip).softmax(-1).tolist()
    assert list(emotion.scores) == ["angry", "happiness", "neutral", "sadness"]
    assert list(emotion.scores.values()) == pytest.approx(expected, abs=1e-5)
    assert emotion.score == max(emotion.scores.values())


def test_the_default_model_has_thirteen_sigmoid_scores_in_the_order_of_its_authors(tmp_path: Path, clip: Waveform):
    folder = save_classifier(tmp_path / CAIRE, None, count=13)
    (emotion,) = ClassifierEmotionModel(str(folder), "cpu").tag(audio_of(clip))
    expected = logits_of(folder, clip).sigmoid().tolist()
    assert list(emotion.scores) == [*THIRTEEN[:11], "uncertain"]
    assert [emotion.scores[name] for name in THIRTEEN[:11]] == pytest.approx(expected[:11], abs=1e-5)
    assert emotion.scores["uncertain"] == pytest.approx(max(expected[11:]), abs=1e-5)


def scores_of(labels: tuple[str, ...], **named: float) -> np.ndarray:
    return np.array([named.get(label, 0.1) for label in labels])


def test_the_best_label_is_assigned_if_its_score_reaches_the_minimum():
    labels = KNOWN_LABELS[CAIRE].labels
    confident = emotion_of(scores_of(labels, fear=MIN_SCORE, sadness=0.49), labels)
    assert (confident.label, confident.score, confident.sentiment) == ("fear", 0.5, "negative")
    doubtful = emotion_of(scores_of(labels, fear=0.49, sadness=0.48), labels)
    assert (doubtful.label, doubtful.score, doubtful.sentiment) == ("uncertain", 0.49, "uncertain")
    assert doubtful.scores["fear"] == 0.49


@pytest.mark.parametrize("position", [11, 12])
def test_other_and_unknown_are_uncertain_at_any_score(position: int):
    labels = KNOWN_LABELS[CAIRE].labels
    scores = scores_of(labels, fear=0.6)
    scores[position] = 0.9
    emotion = emotion_of(scores, labels)
    assert (emotion.label, emotion.sentiment, emotion.scores["uncertain"]) == ("uncertain", "uncertain", 0.9)


def test_silence_has_no_emotion(tmp_path: Path):
    emotion_model = ClassifierEmotionModel(str(save_classifier(tmp_path, LABELS)), "cpu")
    assert emotion_model.tag(audio_of(np.zeros(0, np.float32), np.zeros(16_000, np.float32))) == [
        NO_EMOTION,
        NO_EMOTION,
    ]
    assert emotion_model.tag([]) == []
    assert isinstance(emotion_model.tag(audio_of(np.full(10, 0.5, np.float32)))[0], EmotionOutput)


def test_the_emotion_of_a_clip_does_not_depend_on_its_batch(tmp_path: Path, clip: Waveform):
    emotion_model = ClassifierEmotionModel(str(save_classifier(tmp_path, LABELS)), "cpu")
    (alone,) = emotion_model.tag(audio_of(clip))
    among = emotion_model.tag(audio_of(clip[:-500], clip, clip[::-1].copy()))[1]
    assert among.label == alone.label
    assert dict(among.scores) == pytest.approx(dict(alone.scores), abs=1e-6)
    assert 1 < emotion_model.padding_ratio <= MOST_PADDING


def test_the_scores_of_a_long_clip_are_the_length_weighted_mean_of_its_pieces(tmp_path: Path):
    emotion_model = ClassifierEmotionModel(str(save_classifier(tmp_path, LABELS)), "cpu")
    sound = bursts((1, 25), (27, 33), length=40)
    cuts = [(0.86, 25.14), (26.86, 33.14)]
    whole, first, second = emotion_model.tag(
        audio_of(sound, *(sound[round(a * 16_000) : round(b * 16_000)] for a, b in cuts))
    )
    for label, score in whole.scores.items():
        mean = np.average([first.scores[label], second.scores[label]], weights=[b - a for a, b in cuts])
        assert score == pytest.approx(mean)


def test_a_checkpoint_without_label_names_is_rejected_with_a_remedy(tmp_path: Path):
    with pytest.raises(ModelUnavailable, match="id2label"):
        ClassifierEmotionModel(str(save_classifier(tmp_path, None)), "cpu")


def test_a_checkpoint_trained_for_another_task_is_rejected(tmp_path: Path):
    with pytest.raises(ModelUnavailable, match="not trained for this"):
        ClassifierEmotionModel(str(save_wav2vec2(tmp_path)), "cpu")


def test_the_model_reports_its_checkpoint_and_device(tmp_path: Path):
    emotion_model = ClassifierEmotionModel(str(save_classifier(tmp_path, LABELS)), "cpu")
    assert (emotion_model.name, emotion_model.device) == (str(tmp_path), "cpu")
    emotion_model.close()


def test_synonymous_labels_have_the_higher_of_their_scores(tmp_path: Path, clip: Waveform):
    folder = save_classifier(tmp_path, {0: "happy", 1: "joy", 2: "sad"})
    (emotion,) = ClassifierEmotionModel(str(folder), "cpu").tag(audio_of(clip))
    assert emotion.scores["happiness"] == pytest.approx(max(logits_of(folder, clip).softmax(-1)[:2].tolist()), abs=1e-5)
    assert json.loads((folder / "config.json").read_text())["id2label"]["1"] == "joy"


def with_config(folder: Path, **changes: object) -> Path:
    """The checkpoint with other values in its configuration."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    return folder


def test_labels_that_do_not_exclude_each_other_have_sigmoid_scores(tmp_path: Path, clip: Waveform):
    folder = with_config(save_classifier(tmp_path, LABELS), problem_type="multi_label_classification")
    (emotion,) = ClassifierEmotionModel(str(folder), "cpu").tag(audio_of(clip))
    expected = logits_of(folder, clip).sigmoid().tolist()
    assert list(emotion.scores.values()) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("labels", "changes"),
    [
        ({0: "arousal", 1: "dominance", 2: "valence"}, {"problem_type": "regression"}),
        ({0: "happy", 1: "sad"}, {"problem_type": "regression"}),
        ({0: "happy"}, {}),
    ],
)
def test_a_regression_is_rejected(labels: dict[int, str], changes: dict[str, object], tmp_path: Path):
    with pytest.raises(ModelUnavailable, match="is a regression"):
        ClassifierEmotionModel(str(with_config(save_classifier(tmp_path, labels), **changes)), "cpu")


@pytest.mark.parametrize(
    "labels", [{0: "female", 1: "male"}, {0: "arousal", 1: "valence"}, {0: "en", 1: "de", 2: "other"}]
)
def test_a_classifier_of_something_else_is_rejected(labels: dict[int, str], tmp_path: Path):
    with pytest.raises(ModelUnavailable, match="None of the outputs"):
        ClassifierEmotionModel(str(save_classifier(tmp_path, labels)), "cpu")
