"""Voice activity detection runs only once per clip, and all models and segments share its result."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import hearsay
from asr.audio import vad
from asr.emotion.classifier import ClassifierEmotionModel
from asr.pipeline.assembly import Models
from asr.pipeline.long_form import cut
from asr.pipeline.pipeline import LocalPipeline
from asr.pipeline.scheduler import Scheduler
from asr.sources.listing import Clip
from asr.speech.ctc import CtcSpeechModel
from asr.speech.segments import segments_between
from asr.types import SAMPLE_RATE, DecodedAudio, Waveform
from hearsay.records.clip import ClipRow
from hearsay.records.transcript import FailedPiece
from tests.support.checkpoints import save_classifier, save_wav2vec2
from tests.support.recordings import audio_of, bursts, sound_file
from tests.support.serving import client_of

SHORT = bursts((0.5, 2), (3, 4), length=5)
LONG = bursts((1, 20), (22, 38), (41, 60), (63, 70), length=75)


@pytest.fixture(scope="module")
def speech_model(tmp_path_factory: pytest.TempPathFactory) -> CtcSpeechModel:
    return CtcSpeechModel(str(save_wav2vec2(tmp_path_factory.mktemp("ctc"))), "cpu")


@pytest.fixture(scope="module")
def emotion_model(tmp_path_factory: pytest.TempPathFactory) -> ClassifierEmotionModel:
    labels = {0: "angry", 1: "happy", 2: "neutral"}
    return ClassifierEmotionModel(str(save_classifier(tmp_path_factory.mktemp("ser"), labels)), "cpu")


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The length in samples of each waveform that voice activity detection processes."""
    lengths: list[int] = []
    levels = vad.frame_levels

    def counted(waveform: Waveform) -> np.ndarray:
        lengths.append(len(waveform))
        return levels(waveform)

    monkeypatch.setattr(vad, "frame_levels", counted)
    return lengths


@pytest.fixture
def pipeline(speech_model: CtcSpeechModel, emotion_model: ClassifierEmotionModel) -> Iterator[LocalPipeline]:
    pipeline = LocalPipeline(Scheduler(speech_model, emotion_model), max_seconds=600)
    yield pipeline
    pipeline.close()


def test_the_pipeline_runs_one_vad_pass_per_clip_for_both_models(pipeline: LocalPipeline, passes: list[int]):
    clips = [Clip(ClipRow(name), lambda data=sound_file(sound): data) for name, sound in (("s", SHORT), ("l", LONG))]
    short, long = pipeline.process(clips)
    assert sorted(passes) == [len(SHORT), len(LONG)]
    assert (short.error, long.error) == ("", "")
    assert short.emotion
    assert long.emotion
    assert (len(short.segments), len(long.segments)) == (2, 4)


def test_a_retried_piece_needs_one_vad_pass_and_restores_the_full_transcript(
    pipeline: LocalPipeline, passes: list[int]
):
    (whole,) = pipeline.process([Clip(ClipRow("l"), lambda: sound_file(LONG))])
    start, end = (round(sample / SAMPLE_RATE, 2) for sample in cut(*audio_of(LONG)).pieces[1])
    known = replace(
        whole,
        words=tuple(word for word in whole.words if not start <= word.start < end),
        segments=tuple(segment for segment in whole.segments if not start <= segment.start < end),
        failed_pieces=(FailedPiece(start, end, "out of memory"),),
    )
    passes.clear()
    (again,) = pipeline.process([Clip(ClipRow("l"), lambda: sound_file(LONG), known, known)])
    assert passes == [len(LONG)]
    assert len(known.words) < len(whole.words)
    assert (again.words, again.segments) == (whole.words, whole.segments)


def test_the_api_runs_one_vad_pass_per_upload_for_both_models(
    speech_model: CtcSpeechModel,
    emotion_model: ClassifierEmotionModel,
    passes: list[int],
    monkeypatch: pytest.MonkeyPatch,
):
    with client_of(Models(speech_model, emotion_model, ()), monkeypatch) as client:
        for sound in (SHORT, LONG):
            reply = client.post("/asr", files={"file": ("clip.wav", sound_file(sound))})
            assert (reply.status_code, bool(reply.json()["emotion"])) == (200, True)
            assert passes == [len(sound)]
            passes.clear()


def test_the_python_api_runs_one_vad_pass_per_recording(
    speech_model: CtcSpeechModel, emotion_model: ClassifierEmotionModel, passes: list[int]
):
    with hearsay.load_transcriber(speech_model.name, device="cpu") as transcriber:
        for sound in (SHORT, LONG):
            assert transcriber.transcribe(sound, sampling_rate=SAMPLE_RATE).segments
    with hearsay.load_emotion_model(emotion_model.name, device="cpu") as tagger:
        tagger.tag(LONG, sampling_rate=SAMPLE_RATE)
    assert passes == [len(SHORT), len(LONG), len(LONG)]


def test_a_part_has_stretches_relative_to_its_own_start():
    waveform = np.zeros(100, np.float32)
    audio = DecodedAudio(waveform, ((10, 20), (30, 40), (50, 60)))
    assert audio.part(0, 100).stretches == audio.stretches
    assert audio.part(15, 55).stretches == ((0, 5), (15, 25), (35, 40))
    assert audio.part(20, 30).stretches == ()
    assert audio.part(30, 40).stretches == ((0, 10),)
    assert np.shares_memory(audio.part(15, 55).waveform, waveform)


def test_the_pieces_of_a_long_recording_contain_all_its_stretches():
    (audio,) = audio_of(LONG)
    parts = [(start, audio.part(start, end)) for start, end in cut(audio).pieces]
    assert [(start + a, start + b) for start, part in parts for a, b in part.stretches] == list(audio.stretches)
    assert segments_between(audio.stretches, []) == ()
