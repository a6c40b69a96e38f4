"""Transcription and emotion tagging from Python, with the embedded models on the sample clips."""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

import hearsay
from asr.audio.decoding import decode_audio
from asr.types import SAMPLE_RATE
from tests.support.weights import published_weights

SENTENCE = "the blacksmith put down his hammer and smiled"


@pytest.fixture(scope="module")
def transcriber() -> Iterator[hearsay.Transcriber]:
    with hearsay.load_transcriber("pocketsphinx", workers=1) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def tagger() -> Iterator[hearsay.EmotionTagger]:
    with hearsay.load_emotion_model("classic") as loaded:
        yield loaded


@pytest.fixture
def clip(samples: Path) -> Path:
    return samples / "sample-000000.mp3"


def test_a_transcript_has_text_words_segments_and_confidence(transcriber: hearsay.Transcriber, clip: Path):
    transcript = transcriber.transcribe(clip)
    assert transcript.text == SENTENCE
    assert [word.text for word in transcript.words] == SENTENCE.split()
    assert 0 <= transcript.words[0].start < transcript.words[0].end < transcript.words[-1].end <= transcript.duration
    assert [segment.text for segment in transcript.segments] == [SENTENCE]
    assert 0 < (transcript.confidence or 0) <= 1
    assert (transcript.model, transcript.error, transcript.source) == ("pocketsphinx", None, str(clip))
    assert transcriber.warning is None


def test_path_bytes_file_and_array_give_the_same_transcript(transcriber: hearsay.Transcriber, clip: Path):
    data = clip.read_bytes()
    waveform = decode_audio(data, 60)
    by_path = transcriber.transcribe(str(clip))
    with clip.open("rb") as file:
        assert transcriber.transcribe(file).outcome == by_path.outcome
    assert transcriber.transcribe(data).outcome == by_path.outcome
    assert transcriber.transcribe(io.BytesIO(data)).outcome == by_path.outcome
    assert transcriber.transcribe(waveform, sampling_rate=SAMPLE_RATE).outcome == by_path.outcome


def test_arrays_are_resampled_and_integer_samples_are_scaled(transcriber: hearsay.Transcriber, clip: Path):
    file = io.BytesIO()
    soundfile.write(file, decode_audio(clip.read_bytes(), 60), SAMPLE_RATE, format="WAV", subtype="PCM_16")
    samples, rate = soundfile.read(io.BytesIO(file.getvalue()), dtype="int16")
    doubled = np.repeat(samples, 2)
    assert transcriber.transcribe(doubled, sampling_rate=2 * rate).text == SENTENCE


def test_a_transcript_can_be_converted_to_subtitles(transcriber: hearsay.Transcriber, clip: Path):
    transcript = transcriber.transcribe(clip)
    assert transcript.to_srt().startswith("1\n00:00:0")
    assert SENTENCE in transcript.to_srt()
    assert transcript.to_vtt().startswith("WEBVTT\n\n00:00:0")


def test_a_transcript_can_be_converted_to_a_dictionary_and_json(transcriber: hearsay.Transcriber, clip: Path):
    transcript = transcriber.transcribe(clip)
    members = transcript.to_dict()
    assert list(members) == [
        *("source", "model", "text", "words", "segments", "confidence", "duration", "failed_pieces"),
        *("language", "language_probability", "error"),
    ]
    assert members["words"][0]["text"] == "the"
    assert f'"text": "{SENTENCE}"' in transcript.to_json()


def test_transcripts_are_returned_in_order_and_an_error_does_not_stop_the_others(
    transcriber: hearsay.Transcriber, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "no.wav").write_text("no sound")
    named = [clip, tmp_path / "no.wav", tmp_path / "gone.mp3", clip.read_bytes(), np.zeros(0), clip]
    found = list(transcriber.transcribe_many(named, sampling_rate=SAMPLE_RATE, progress=True))
    assert [type(one.error) for one in found] == [
        type(None), hearsay.NotAudio, hearsay.NoAudio, type(None), hearsay.EmptyAudio, type(None),
    ]  # fmt: skip
    assert [one.text for one in found if one.error is None] == [SENTENCE] * 3
    assert "6 of 6 recordings" in capsys.readouterr().err


def test_attributes_of_a_failed_transcript_raise_its_error(transcriber: hearsay.Transcriber, tmp_path: Path):
    (failed,) = transcriber.transcribe_many([tmp_path / "gone.mp3"])
    for asked in ("text", "words", "segments", "confidence", "duration"):
        with pytest.raises(hearsay.NoAudio, match=r"gone\.mp3: the file cannot be read: No such file or directory"):
            getattr(failed, asked)
    for made in (failed.to_srt, failed.to_vtt):
        with pytest.raises(hearsay.NoAudio):
            made()
    assert failed.to_dict()["text"] is None
    assert "gone.mp3: the file cannot be read" in failed.to_dict()["error"]


def test_many_recordings_are_read_lazily(transcriber: hearsay.Transcriber, clip: Path):
    taken = 0

    def endless() -> Iterator[Path]:
        nonlocal taken
        while True:
            taken += 1
            yield clip

    transcripts = transcriber.transcribe_many(endless())
    assert [next(transcripts).text for _ in range(3)] == [SENTENCE] * 3
    assert taken < 20


@pytest.mark.parametrize(
    ("recording", "rate", "sentence"),
    [
        (np.zeros(100, np.float32), None, "array: an array needs its sampling rate; add sampling_rate=16000"),
        (b"RIFF", 16000, "sampling_rate= is for arrays only"),
        (b"", None, r"bytes: The file is empty \(0 bytes\)"),
        (io.StringIO("text"), None, 'file: .*it was opened as text; open it with mode "rb"'),
        (7, None, "file: a recording is a path, bytes, a file that is open for reading bytes, or an array"),
        (np.zeros((2, 100), np.float32), 16000, r"array: Samples must be one-dimensional, not of shape \(2, 100\)"),
        (np.full(100, 3000.0), 16000, "array: Floating-point samples must be from -1 to 1, but these reach 3000"),
        (np.zeros(100, np.uint8), 16000, "array: Samples must be floating-point numbers .*, not uint8"),
        (np.zeros(100, np.float32), 0, "array: The file has an invalid sample rate, 0 Hz"),
        (np.zeros(100, np.float32), 22050.5, "array: The sampling rate must be a whole number, not 22050.5"),
    ],
)
def test_an_invalid_recording_is_an_error_that_names_it(
    transcriber: hearsay.Transcriber, recording: object, rate: float | None, sentence: str
):
    with pytest.raises(hearsay.HearsayError, match=sentence):
        transcriber.transcribe(recording, sampling_rate=rate)  # type: ignore[arg-type]


def test_a_single_path_is_rejected_if_several_are_expected(transcriber: hearsay.Transcriber):
    with pytest.raises(hearsay.BadArgument, match=r"several recordings are expected; write \['clip\.mp3'\]"):
        list(transcriber.transcribe_many("clip.mp3"))


def test_an_emotion_has_label_probabilities_and_sentiment(tagger: hearsay.EmotionTagger, clip: Path):
    emotion = tagger.tag(clip)
    assert emotion.label == "uncertain"
    assert emotion.probability is None
    assert emotion.sentiment == "uncertain"
    assert sum(emotion.probabilities.values()) == pytest.approx(1, abs=0.01)
    assert (emotion.model, emotion.error) == ("classic", None)


def test_emotions_are_returned_in_order_and_an_error_does_not_stop_the_others(
    tagger: hearsay.EmotionTagger, clip: Path
):
    good, bad, again = tagger.tag_many([clip, b"no sound", clip])
    assert good.outcome == again.outcome
    assert isinstance(bad.error, hearsay.NotAudio)
    with pytest.raises(hearsay.NotAudio, match="bytes: The file is not audio"):
        _ = bad.label


def test_file_names_and_transcripts_are_escaped_in_html(tmp_path: Path, tagger: hearsay.EmotionTagger):
    place = tmp_path / "<script>alert(1)<"
    (failed,) = tagger.tag_many([place])
    assert "<script>" not in failed._repr_html_()
    assert "&lt;script&gt;" in failed._repr_html_()
    from hearsay.results.transcript import Recognised

    spoken = hearsay.Transcript("a & b.mp3", "<b>", Recognised("<img src=x onerror=alert(1)>", (), (), None, 1.0))
    assert "<img" not in spoken._repr_html_()
    assert "a &amp; b.mp3" in spoken._repr_html_()


def test_a_missing_model_is_reported():
    with pytest.raises(hearsay.ModelUnavailable, match=r"There is no folder \./no/such/model"):
        hearsay.load_transcriber("./no/such/model")


def test_a_closed_model_raises_an_error(clip: Path):
    tagger = hearsay.load_emotion_model("classic")
    tagger.close()
    tagger.close()
    with pytest.raises(hearsay.HearsayError, match="closed"):
        tagger.tag(clip)


SCRIPT = """
import sys, hearsay
print("begun")
transcriber = hearsay.load_transcriber("pocketsphinx", workers=2)
print(transcriber.transcribe(sys.argv[1]).text)
"""


def test_a_script_without_a_main_guard_runs_once_and_leaves_nothing_open(clip: Path, tmp_path: Path):
    (tmp_path / "script.py").write_text(SCRIPT)
    strict = ("-X", "dev", "-W", "error")
    command = [sys.executable, *strict, tmp_path / "script.py", clip]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.stdout, found.stderr, found.returncode) == (f"begun\n{SENTENCE}\n", "", 0)


def test_a_model_that_takes_no_hotwords_says_so():
    with pytest.raises(hearsay.ModelUnavailable, match="pocketsphinx does not support hotwords"):
        hearsay.load_transcriber("pocketsphinx", workers=1, hotwords=["Lovelace"])


def test_hotwords_decide_between_spellings(clip: Path):
    folder = str(published_weights("whisper-tiny.en").folder)
    with hearsay.load_transcriber(folder, workers=1, language="en", hotwords=["Black Smith", "Hammer"]) as transcriber:
        assert "Black Smith" in transcriber.transcribe(clip).text
    with hearsay.load_transcriber(folder, workers=1) as transcriber:
        assert "blacksmith" in transcriber.transcribe(clip).text
