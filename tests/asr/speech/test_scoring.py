"""Given texts scored against audio, by Whisper with its published weights."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from asr.audio.decoding import decode_audio
from asr.audio.vad import detect_speech
from asr.errors import CannotScore
from asr.speech.scoring import MOST_SECONDS
from asr.speech.whisper import WhisperSpeechModel
from asr.types import SAMPLE_RATE, DecodedAudio
from hearsay.records.table import read_csv
from hearsay.results.text_scores import TextScore, TextScores
from tests.conftest import SAMPLES
from tests.support.weights import published_weights

SAID = "The blacksmith put down his hammer and smiled."
WRONG = "The blacksmith put down his hamper and smiled."


@cache
def model() -> WhisperSpeechModel:
    weights = published_weights("whisper-tiny.en")
    return WhisperSpeechModel(weights.folder, "whisper-tiny.en", weights.digest, workers=2)


@cache
def clip(number: int) -> DecodedAudio:
    file = sorted(SAMPLES.glob("sample-*.mp3"))[number]
    return detect_speech(decode_audio(file.read_bytes(), 600))


def scored(transcript: str, *texts: str, audio: DecodedAudio | None = None) -> tuple[TextScore, ...]:
    return model().scorer().score(audio or clip(0), transcript, texts).texts


def test_a_said_word_scores_better_than_the_word_in_its_place() -> None:
    (right,) = scored(WRONG, SAID)
    (wrong,) = scored(SAID, WRONG)
    assert right.replaced is not None
    assert right.difference > 5
    assert right.placed.mean > -1 > -5 > right.replaced.mean
    assert wrong.difference == pytest.approx(-right.difference)
    assert wrong.placed == right.replaced


def test_the_words_in_place_are_those_of_all_places() -> None:
    (right,) = scored("The black smith put down his hamper and smiled", "The blacksmith put down his hammer and smiled")
    assert right.placed.mean > -1
    assert right.placed.least <= right.placed.mean
    (one, other) = scored(SAID, "The goldsmith put down his hammer and grinned.", WRONG)
    assert max(one.placed.mean, other.placed.mean) < -5


def test_a_word_where_nothing_was_transcribed_replaces_nothing() -> None:
    (found,) = scored("The blacksmith put down hammer and smiled.", "The blacksmith put down his hammer and smiled.")
    assert found.replaced is None
    assert found.difference > 0


def test_a_transcript_in_one_case_scores_as_one_with_capitals() -> None:
    plain = scored("The blacksmith put down his hamper and smiled", "The blacksmith put down his hammer and smiled")
    assert (
        scored("THE BLACKSMITH PUT DOWN HIS HAMPER AND SMILED", "THE BLACKSMITH PUT DOWN HIS hammer AND SMILED")
        == plain
    )
    assert (
        scored("the blacksmith put down his hamper and smiled", "the blacksmith put down his hammer and smiled")
        == plain
    )


def test_a_score_does_not_depend_on_the_other_texts() -> None:
    """With 1, 8 and 16 texts in any order, and with other clips scored at the same time."""
    nouns = "anvil banner camera hamper hammock dinner summer manner hamster clamour humour glamour number hunter"
    verbs = "smirked", "whined"
    texts = [SAID.replace("hammer", noun) for noun in nouns.split(" ")] + [
        SAID.replace("smiled", verb) for verb in verbs
    ]
    alone = [scored(SAID, text)[0] for text in texts]
    rng = random.Random(3)
    for size in (8, 16):
        order = rng.sample(range(len(texts)), size)
        assert scored(SAID, *(texts[number] for number in order)) == tuple(alone[number] for number in order)


def test_threads_that_score_different_clips_do_not_change_scores() -> None:
    rows = [row for row in read_csv(SAMPLES / "clips.csv").rows().values() if len(row.text.split()) > 3][:8]
    jobs = [
        (detect_speech(decode_audio((SAMPLES / row.id.rpartition("/")[2]).read_bytes(), 600)), row.text) for row in rows
    ]

    def score(job: tuple[DecodedAudio, str]) -> TextScores:
        audio, text = job
        return model().scorer().score(audio, text, [f"{text.rpartition(' ')[0]} elephant"])

    alone = list(map(score, jobs))
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(score, jobs)) == alone


def test_a_name_is_scored_with_a_capital() -> None:
    (plain, cased) = scored(SAID, SAID.replace("blacksmith", "fatima"), SAID.replace("blacksmith", "Fatima"))
    assert plain.difference >= cased.difference


@pytest.mark.parametrize(
    ("transcript", "text", "says"),
    [
        ("", SAID, "no words"),
        ("He put it he put it he put it", SAID, "loop"),
        (SAID, SAID, "lacks there"),
        (SAID, "The blacksmith put down his hammer", "lacks there"),
        (SAID, "The blacksmith put down his " + "extraordinarily " * 200, "tokens"),
    ],
    ids=["empty", "loop", "equal", "shorter", "long"],
)
def test_what_would_mean_nothing_is_refused(transcript: str, text: str, says: str) -> None:
    with pytest.raises(CannotScore, match=says):
        scored(transcript, text)


def test_a_transcript_that_does_not_fit_the_audio_is_refused() -> None:
    with pytest.raises(CannotScore, match="does not fit the audio"):
        scored("Somebody left a hamper and a rug", "Somebody left a hammer and a rug", audio=clip(1))


def test_audio_that_is_too_long_or_has_no_speech_is_refused() -> None:
    with pytest.raises(CannotScore, match="longer than 30 s"):
        scored(SAID, WRONG, audio=replace(clip(0), waveform=np.zeros(int(MOST_SECONDS + 1) * SAMPLE_RATE, np.float32)))
    with pytest.raises(CannotScore, match="no speech"):
        scored(SAID, WRONG, audio=detect_speech(np.zeros(SAMPLE_RATE, np.float32)))
