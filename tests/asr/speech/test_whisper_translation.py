"""Whisper's translations into English, with published weights: segments without words; and the names of languages."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from asr.audio.decoding import decode_audio
from asr.audio.vad import detect_speech
from asr.languages import LANGUAGE_NAMES, WHISPER_LANGUAGES, language_code
from asr.speech.whisper import WhisperSpeechModel
from asr.types import SAMPLE_RATE, DecodedAudio, DecodingOptions, has_options, supported_options
from tests.support.models import LengthSpeechModel
from tests.support.weights import published_weights

TRANSLATE = DecodingOptions(language="auto", task="translate")


@cache
def base() -> WhisperSpeechModel:
    weights = published_weights("whisper-base")
    return WhisperSpeechModel(weights.folder, "whisper-base", weights.digest, workers=1)


def clip_of(samples: Path, number: int) -> DecodedAudio:
    return detect_speech(decode_audio((samples / f"sample-{number:06d}.mp3").read_bytes(), 60))


def test_a_translation_is_one_segment_and_has_no_words(samples: Path):
    clip = clip_of(samples, 0)
    (output,) = base().transcribe([replace(clip, options=TRANSLATE)])
    (segment,) = output.segments
    assert segment.text == output.text == "The blacksmith put down his hammer and smiled."
    assert (output.words, output.language) == ((), "en")
    assert (segment.start, segment.end) == (
        clip.stretches[0][0] / SAMPLE_RATE,
        clip.stretches[-1][1] / SAMPLE_RATE,
    )
    assert 0 < segment.confidence == output.confidence < 1


def test_a_long_clip_has_one_segment_per_piece_in_order(samples: Path):
    parts = [clip_of(samples, number).waveform for number in (0, 2, 4, 0, 2, 4, 0, 2, 4)]
    pause = np.zeros(SAMPLE_RATE, np.float32)
    long = detect_speech(np.concatenate([sound for part in parts for sound in (part, pause)]))
    (output,) = base().transcribe([replace(long, options=TRANSLATE)])
    first, second = output.segments
    assert 0 <= first.start < first.end <= second.start < second.end <= len(long.waveform) / SAMPLE_RATE
    assert f"{first.text} {second.text}" == output.text
    assert output.text.count("hammer") == 6


def test_silence_has_no_translation():
    silence = detect_speech(np.zeros(3 * SAMPLE_RATE, np.float32))
    (output,) = base().transcribe([replace(silence, options=TRANSLATE)])
    assert (output.text, output.segments) == ("", ())


def test_the_languages_of_the_published_model_are_those_of_the_table():
    assert base().languages == WHISPER_LANGUAGES
    assert len(WHISPER_LANGUAGES) == 99


def test_words_that_a_prompt_has_no_room_for_are_counted():
    assert base().excess_tokens(DecodingOptions(prompt="word " * 223)) == 0
    assert base().excess_tokens(DecodingOptions(prompt="word " * 230)) == 7


@pytest.mark.parametrize(
    ("written", "code"), [("en", "en"), (" German ", "de"), ("Haitian Creole", "ht"), ("klingon", "klingon"), ("", "")]
)
def test_a_language_has_a_code_and_a_name(written: str, code: str):
    assert language_code(written) == code
    assert language_code(LANGUAGE_NAMES.get(code, code)) == code


def test_a_model_without_options_supports_none():
    model = LengthSpeechModel()
    assert (has_options(model), supported_options(model)) == (False, frozenset())
