"""Whisper with its published weights: accuracy, batch invariance, word times, options and non-speech sounds."""

import random
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from asr.audio.decoding import decode_audio
from asr.audio.vad import detect_speech
from asr.errors import ModelUnavailable
from asr.speech.whisper import WhisperSpeechModel
from asr.types import SAMPLE_RATE, DecodedAudio, DecodingOptions, Precision, SpeechOutput
from hearsay.records.table import read_csv
from hearsay.text.normalize import words
from hearsay.text.wer import WordErrors, word_errors
from tests.conftest import SAMPLES
from tests.support.non_speech import HELD_OUT, TUNING, UNSEEN, sounds
from tests.support.weights import published_weights

PAUSE = np.zeros(SAMPLE_RATE, np.float32)


@pytest.fixture(params=["whisper-tiny.en-short", "whisper-tiny.en"])
def name(request: pytest.FixtureRequest) -> str:
    """Each English model."""
    return str(request.param)


@cache
def model(name: str, precision: Precision = "auto", language: str = "en") -> WhisperSpeechModel:
    weights = published_weights(name)
    return WhisperSpeechModel(weights.folder, name, weights.digest, language=language, precision=precision, workers=2)


@cache
def clips() -> tuple[DecodedAudio, ...]:
    files = sorted(path for path in SAMPLES.glob("sample-*.mp3"))
    return tuple(detect_speech(decode_audio(file.read_bytes(), 600)) for file in files)


@cache
def alone(name: str, precision: Precision = "auto") -> tuple[SpeechOutput, ...]:
    return tuple(model(name, precision).transcribe([clip])[0] for clip in clips())


@pytest.mark.long
@pytest.mark.parametrize("precision", ["auto", "float32"])
@pytest.mark.parametrize(("size", "seed"), [(63, 0), (7, 1)])
def test_a_transcript_does_not_depend_on_its_batch(name: str, precision: Precision, size: int, seed: int) -> None:
    order = list(range(len(clips())))
    random.Random(seed).shuffle(order)
    for first in range(0, len(order), size):
        batch = order[first : first + size]
        found = model(name, precision).transcribe([clips()[number] for number in batch])
        assert found == [alone(name, precision)[number] for number in batch]


def test_sample_clips_are_transcribed_with_few_errors(name: str) -> None:
    references = [row.text for row in read_csv(SAMPLES / "clips.csv").rows().values()]
    errors = [
        word_errors(words(reference), words(output.text))
        for reference, output in zip(references, alone(name), strict=True)
        if reference
    ]
    rate = sum(errors, WordErrors()).rate
    assert rate is not None
    assert rate < 0.08


def test_transcripts_have_case_and_punctuation(name: str) -> None:
    assert alone(name)[0].text == "The blacksmith put down his hammer and smiled."


def test_words_are_in_order_within_the_speech_and_have_confidences(name: str) -> None:
    for clip, output in zip(clips(), alone(name), strict=True):
        assert output.text == " ".join(word.text for word in output.words)
        times = [time for word in output.words for time in (word.start, word.end)]
        assert times == sorted(times)
        if times:
            assert times[0] >= clip.stretches[0][0] / SAMPLE_RATE
            assert times[-1] <= clip.stretches[-1][1] / SAMPLE_RATE
        assert all(word.confidence is not None and 0 < word.confidence < 1 for word in output.words)


def test_words_have_alternatives_from_the_other_hypotheses(name: str) -> None:
    found = [word for output in alone(name) for word in output.words]
    others = [alternative for word in found for alternative in word.alternatives]
    assert 0.05 < sum(bool(word.alternatives) for word in found) / len(found) < 0.5
    assert all(0 < alternative.confidence < 1 for alternative in others)
    assert all(words(alternative.text) == [alternative.text] for alternative in others)
    assert not [word for word in found for other in word.alternatives if other.text in words(word.text)]


def test_all_hypotheses_of_the_beam_leave_the_transcript_unchanged(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The beam search returns the same best hypothesis, whether or not the others are returned, too."""
    own = WhisperSpeechModel(published_weights(name).folder, name, published_weights(name).digest, workers=1)
    generate = own._engine._model.generate

    class BestAlone:
        def __getattr__(self, member: str) -> object:
            return getattr(model(name)._engine._model, member)

        def generate(self, *arguments: object, num_hypotheses: int = 1, **options: object) -> object:
            assert num_hypotheses == 5
            return generate(*arguments, **options)

    monkeypatch.setattr(own._engine, "_model", BestAlone())
    for output, best in zip(alone(name), own.transcribe(clips()), strict=True):
        assert not [word for word in best.words if word.alternatives]
        assert best.words == tuple(replace(word, alternatives=()) for word in output.words)


def test_word_times_locate_the_words_in_the_audio(name: str) -> None:
    """A clip split between two words has the words of each half."""
    clip, output = clips()[0], alone(name)[0]
    cut = round((output.words[3].end + output.words[4].start) / 2 * SAMPLE_RATE)
    first, second = model(name).transcribe([detect_speech(clip.waveform[:cut]), detect_speech(clip.waveform[cut:])])
    assert words(first.text)[:3] == words(output.text)[:3]
    assert words(second.text)[-3:] == words(output.text)[-3:]


@pytest.mark.long
@pytest.mark.parametrize("kinds", [TUNING, HELD_OUT, UNSEEN], ids=["tuning", "held out", "unseen"])
def test_sounds_without_speech_have_an_empty_transcript(name: str, kinds: dict) -> None:
    tried = 0
    for sound, waveform in sounds(kinds, (0.5, 4, 26), (0.5,), seed=5):
        (output,) = model(name).transcribe([detect_speech(waveform)])
        assert output == SpeechOutput(""), sound
        tried += 1
    assert tried >= 48


def test_silence_and_an_empty_waveform_have_an_empty_transcript(name: str) -> None:
    silent = [detect_speech(np.zeros(samples, np.float32)) for samples in (0, 1, 100, SAMPLE_RATE, 40 * SAMPLE_RATE)]
    assert model(name).transcribe(silent) == [SpeechOutput("")] * len(silent)


def test_a_long_clip_is_transcribed_in_pieces_with_times_from_its_start(name: str) -> None:
    parts = [waveform for clip in clips()[:12] for waveform in (clip.waveform, PAUSE)]
    long = detect_speech(np.concatenate(parts))
    assert len(long.waveform) > 40 * SAMPLE_RATE
    (output,) = model(name).transcribe([long])
    expected = [word for own in alone(name)[:12] for word in words(own.text)]
    errors = word_errors(expected, words(output.text))
    assert errors.rate is not None
    assert errors.rate < 0.1
    assert output.words[-1].end > 38
    assert len(output.segments) >= 12


def test_a_repeated_sentence_is_kept(name: str) -> None:
    clip = clips()[0]
    twice = np.concatenate([clip.waveform, PAUSE[: SAMPLE_RATE // 4], clip.waveform])
    (output,) = model(name).transcribe([detect_speech(twice)])
    assert words(output.text) == words(alone(name)[0].text) * 2


def with_options(number: int, **options: object) -> DecodedAudio:
    return replace(clips()[number], options=DecodingOptions(**options))


def text_of(audio: DecodedAudio, name: str) -> str:
    return model(name).transcribe([audio])[0].text


def test_a_prompt_changes_the_spelling(name: str) -> None:
    plain = text_of(clips()[4], name)
    assert "harbor" in plain
    british = with_options(4, prompt="We sailed into the harbour. The harbour was full of colour.")
    assert "harbour" in text_of(british, name)


def test_hotwords_are_part_of_the_context(name: str) -> None:
    assert DecodingOptions(hotwords=("Zeist", "Utrecht"), prompt="In Zeist.").context == "Zeist, Utrecht In Zeist."
    assert "Kowalski" not in alone(name)[40].text
    assert "kowalski" in text_of(with_options(40, hotwords=("Kowalski",)), name).lower()


def test_sampling_at_a_temperature_does_not_affect_other_clips_of_the_batch(name: str) -> None:
    drawn, plain = model(name).transcribe([with_options(2, temperature=1.0), clips()[3]])
    assert drawn.text
    assert plain == alone(name)[3]


def test_the_language_is_detected_with_its_probability() -> None:
    (output,) = model("whisper-base", language="auto").transcribe([clips()[0]])
    assert output.language == "en"
    assert output.language_probability is not None
    assert output.language_probability > 0.9


def test_a_language_that_the_model_does_not_support_is_rejected(name: str) -> None:
    with pytest.raises(ModelUnavailable, match="only English; the requested language is de"):
        model(name, language="de")
    with pytest.raises(ModelUnavailable, match="only English"):
        model(name).transcribe([with_options(0, language="fr")])


def test_a_folder_without_a_model_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        WhisperSpeechModel(tmp_path, "mine", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "cuda:7"}, "no such GPU"),
        ({"device": "tpu"}, "set it to auto, cpu, cuda"),
        ({"device": "cpu", "precision": "float16"}, "does not support on a CPU"),
    ],
)
def test_an_unsupported_device_or_precision_is_rejected(options: dict, message: str) -> None:
    weights = published_weights("whisper-tiny.en")
    with pytest.raises(ModelUnavailable, match=message):
        WhisperSpeechModel(weights.folder, weights.name, weights.digest, **options)


def test_the_padding_ratio_includes_the_silence_of_the_windows() -> None:
    weights = published_weights("whisper-tiny.en")
    own = WhisperSpeechModel(weights.folder, weights.name, weights.digest, workers=1)
    assert own.padding_ratio == 1
    own.transcribe([detect_speech(clips()[0].waveform)])  # 2.9 s, in a window of 11 s
    assert own.padding_ratio == pytest.approx(11 / 2.9, abs=0.1)
