"""The emotion model on Whisper's encoder: its labels, what it does not label, and its heads."""

import json
from pathlib import Path

import numpy as np
import pytest

from asr.audio.decoding import decode_audio
from asr.emotion.whisper_emotion import WhisperEmotionModel, head_file
from asr.errors import ModelUnavailable
from asr.models.published import PUBLISHED
from asr.training.emotion import ATTRIBUTION
from asr.types import NO_EMOTION, SAMPLE_RATE, DecodedAudio, Waveform
from hearsay.records.emotions import UNCERTAIN, canonical_emotion, sentiment_of
from tests.support.recordings import audio_of, tone
from tests.support.weights import published_weights


@pytest.fixture(scope="module")
def model() -> WhisperEmotionModel:
    weights = published_weights("whisper-tiny.en")
    return WhisperEmotionModel(weights.folder, weights.name, weights.digest)


@pytest.fixture(scope="module")
def spoken(samples: Path) -> list[Waveform]:
    return [decode_audio(path.read_bytes(), 60) for path in sorted(samples.glob("sample-00000*.mp3"))]


def test_the_probabilities_sum_to_one_and_the_best_is_the_score(model: WhisperEmotionModel, spoken: list[Waveform]):
    for emotion in model.tag(audio_of(*spoken)):
        assert sum(emotion.scores.values()) == pytest.approx(1)
        assert emotion.score == max(emotion.scores.values())


def test_the_emotion_of_a_clip_does_not_depend_on_the_others(model: WhisperEmotionModel, spoken: list[Waveform]):
    together = model.tag(audio_of(*spoken))
    assert [model.tag(audio_of(waveform))[0] for waveform in reversed(spoken)] == together[::-1]


def not_speech() -> dict[str, Waveform]:
    random = np.random.default_rng(3)
    hum = sum(tone(4, hertz=50 * harmonic, peak=0.1) for harmonic in range(1, 5))
    return {
        "silence": np.zeros(4 * SAMPLE_RATE, np.float32),
        "noise": random.normal(0, 0.05, 4 * SAMPLE_RATE).astype(np.float32),
        "tone": tone(4),
        "hum": np.asarray(hum, np.float32),
    }


@pytest.mark.parametrize("kind", ["silence", "noise", "tone", "hum"])
def test_what_is_not_speech_is_uncertain(model: WhisperEmotionModel, kind: str):
    waveform = not_speech()[kind]
    whole = DecodedAudio(waveform, ((0, len(waveform)),))  # as if it had been taken for speech
    assert [emotion.label for emotion in model.tag([*audio_of(waveform), whole])] == [UNCERTAIN, UNCERTAIN]


def test_audio_without_samples_has_no_emotion(model: WhisperEmotionModel):
    assert model.tag(audio_of(np.zeros(0, np.float32))) == [NO_EMOTION]


@pytest.mark.parametrize("encoder", PUBLISHED)
def test_every_published_model_has_a_head_with_attribution_and_figures(encoder: str):
    fields = json.loads(head_file(encoder).read_text(encoding="utf-8"))
    assert fields["attribution"] == ATTRIBUTION
    assert fields["figures"]["recorded"]["recall"] >= 0.88
    assert fields["figures"]["other_gender_and_channel"]["precision"] >= 0.8
    for label in fields["labels"]:
        assert canonical_emotion(label) == label
        assert sentiment_of(label) != "uncertain"


def test_a_model_without_a_head_is_explained(tmp_path: Path):
    with pytest.raises(ModelUnavailable, match="is not a head of the emotion model"):
        WhisperEmotionModel(tmp_path, "whisper-huge", "0" * 64)
