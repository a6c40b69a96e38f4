"""Each emotion has one canonical name, and each name has one sentiment."""

import pytest

from hearsay.records.emotions import SENTIMENTS, UNCERTAIN, canonical_emotion, sentiment_of


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Happy", "happiness"),
        (" ANG ", "angry"),
        ("fearful", "fear"),
        ("sad", "sadness"),
        ("neutral", "neutral"),
        ("excited", "excitement"),
        ("other", UNCERTAIN),
        ("unknown", UNCERTAIN),
        ("contempt", "contempt"),
    ],
)
def test_a_model_label_is_mapped_to_the_canonical_name(label: str, name: str):
    assert canonical_emotion(label) == name
    assert canonical_emotion(name) == name


@pytest.mark.parametrize(
    ("sentiment", "emotions"),
    [
        ("negative", ["sadness", "fear", "angry", "disgust", "negative", "frustrated"]),
        ("positive", ["happiness", "surprise", "positive", "excitement"]),
        ("neutral", ["neutral", "calm"]),
        ("uncertain", [UNCERTAIN, "contempt", ""]),
    ],
)
def test_each_emotion_has_one_sentiment(sentiment: str, emotions: list[str]):
    assert {sentiment_of(emotion) for emotion in emotions} == {sentiment}
    assert sentiment in SENTIMENTS


@pytest.mark.parametrize(
    ("label", "emotion"),
    [
        ("NEU", "neutral"),
        ("HAP", "happiness"),
        ("SAD", "sadness"),
        ("ANG", "angry"),
        ("FEA", "fear"),
        ("DIS", "disgust"),
        ("SUR", "surprise"),
        ("exc", "excitement"),
        ("fru", "frustrated"),
        ("oth", "uncertain"),
        ("Pleasant Surprise", "surprise"),
        ("生气/angry", "angry"),
        ("难过/sad", "sadness"),
        ("<unk>", "uncertain"),
    ],
)
def test_labels_of_published_corpora_are_the_same_emotions(label: str, emotion: str):
    assert canonical_emotion(label) == emotion
