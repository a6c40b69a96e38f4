import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from multiprocessing import active_children
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest

from asr.audio.decoding import decode_audio
from asr.errors import AsrError
from asr.pipeline.scheduler import Limits, Scheduler
from asr.speech.alternatives import MIN_CONFIDENCE
from asr.speech.pocketsphinx import PocketSphinxSpeechModel
from asr.speech.pocketsphinx_process import MAX_ALTERNATIVES, decoder, shares_of
from asr.types import SpeechOutput, Waveform, seconds
from hearsay.records.table import read_csv
from hearsay.text.normalize import words as counted_words
from hearsay.text.wer import WordErrors, word_errors
from tests.conftest import PROJECT
from tests.support.models import LoudnessEmotionModel
from tests.support.recordings import audio_of

SHORT = 14


@pytest.fixture(scope="module")
def sphinx() -> Iterator[PocketSphinxSpeechModel]:
    speech_model = PocketSphinxSpeechModel(workers=2)
    yield speech_model
    speech_model.close()


def waveform_of(path: Path) -> Waveform:
    return decode_audio(path.read_bytes(), 600)


@pytest.fixture(scope="module")
def spoken(samples: Path) -> dict[str, Waveform]:
    """A few short sample clips by their reference text."""
    rows = read_csv(samples / "clips.csv").rows().values()
    short = [row for row in rows if row.id.endswith("0.mp3") or row.id.endswith("5.mp3")][:SHORT]
    return {row.text: waveform_of(samples.parent / row.id) for row in short}


@pytest.fixture(scope="module")
def transcripts(sphinx: PocketSphinxSpeechModel, spoken: dict[str, Waveform]) -> list[SpeechOutput]:
    return sphinx.transcribe(audio_of(*spoken.values()))


@pytest.fixture(scope="module")
def interview(samples: Path) -> Waveform:
    return waveform_of(samples / "sample-interview.mp3")


def test_sample_clips_are_transcribed_with_few_errors(transcripts: list[SpeechOutput], spoken: dict[str, Waveform]):
    pairs = zip(spoken, transcripts, strict=True)
    errors = sum((word_errors(counted_words(text), counted_words(found.text)) for text, found in pairs), WordErrors())
    assert errors.reference_words > 60
    assert errors.rate is not None
    assert errors.rate < 0.25


def check_output(transcript: SpeechOutput, waveform: Waveform) -> None:
    """Check what `SpeechOutput` guarantees for every speech model that returns words."""
    assert transcript.text == " ".join(word.text for word in transcript.words)
    assert transcript.text == " ".join(segment.text for segment in transcript.segments)
    for timed in (transcript.words, transcript.segments):
        assert all(0 <= one.start < one.end <= seconds(waveform) for one in timed)
        assert all(before.end <= after.start + 0.011 for before, after in pairwise(timed))
        assert all(one.confidence is not None and 0 <= one.confidence <= 1 for one in timed)
    assert not set("<>[]()+|") & set(transcript.text)


def test_words_and_segments_are_in_order_within_the_clip_and_have_confidences(
    transcripts: list[SpeechOutput], spoken: dict[str, Waveform]
):
    for transcript, waveform in zip(transcripts, spoken.values(), strict=True):
        check_output(transcript, waveform)
        assert transcript.confidence is not None
        assert 0 < transcript.confidence <= 1


def test_correct_words_have_a_higher_mean_confidence_than_wrong_words(
    transcripts: list[SpeechOutput], spoken: dict[str, Waveform]
):
    right, wrong = [], []
    for text, transcript in zip(spoken, transcripts, strict=True):
        for word in transcript.words:
            (right if word.text in text.split() else wrong).append(word.confidence)
    assert np.mean(right) > np.mean(wrong)


def test_a_transcript_does_not_depend_on_earlier_clips(
    sphinx: PocketSphinxSpeechModel, transcripts: list[SpeechOutput], spoken: dict[str, Waveform]
):
    sounds = list(spoken.values())
    assert sphinx.transcribe(audio_of(*sounds[::-1]))[::-1] == transcripts
    assert sphinx.transcribe(audio_of(sounds[3])) == [transcripts[3]]
    alone = PocketSphinxSpeechModel(workers=1)
    try:
        assert alone.transcribe(audio_of(sounds[3])) == [transcripts[3]]
    finally:
        alone.close()


def test_words_have_alternatives_that_differ_from_nearby_words(transcripts: list[SpeechOutput]):
    offered = 0
    for transcript in transcripts:
        texts = [word.text for word in transcript.words]
        for at, word in enumerate(transcript.words):
            others = [other.text for other in word.alternatives]
            confidences = [other.confidence for other in word.alternatives]
            offered += len(others)
            assert len(others) == len(set(others)) <= MAX_ALTERNATIVES
            assert not set(others) & set(texts[max(0, at - 1) : at + 2])
            assert not set("<>[]()+| ") & set("".join(others))
            assert confidences == sorted(confidences, reverse=True)
            assert all(MIN_CONFIDENCE <= confidence <= 0.25 for confidence in confidences)
    assert offered > sum(len(transcript.words) for transcript in transcripts) / 2


def test_alternatives_contain_some_reference_words_missing_from_the_transcript(
    transcripts: list[SpeechOutput], spoken: dict[str, Waveform]
):
    lost, found = missing_and_recovered(zip(spoken, transcripts, strict=True))
    assert lost > 3
    assert found >= lost / 4


@pytest.mark.parametrize(
    "scores",
    [(0.0, 0.0, 0.0), (5e-324, 1e-323, 0.0), (1e-310, 2e-310, 0.0), (2.3e-308, 1e-320, 0.0), (1e308, 1.0, 5e-324)],
    ids=["all 0", "last digits", "denormal", "nearly denormal", "huge"],
)
def test_shares_of_hypotheses_sum_to_one_for_scores_of_any_size(scores: tuple[float, ...]):
    shares = shares_of({(str(number),): score for number, score in enumerate(scores)})
    assert len(shares) == len(scores)
    assert sum(shares.values()) == pytest.approx(1)
    assert all(0 <= share <= 1 for share in shares.values())


def test_shares_are_equal_if_scores_underflow_and_a_power_of_the_scores_otherwise():
    assert shares_of({("a",): 1e-21, ("b",): 1.01e-21})["b",] == pytest.approx(1 / (1 + 1.01**-100))
    assert shares_of({("a",): 0.0, ("b",): 5e-324}) == {("a",): 0.5, ("b",): 0.5}
    assert shares_of({}) == {}


@pytest.mark.long
def test_a_piece_with_underflowing_scores_is_transcribed(sphinx: PocketSphinxSpeechModel, interview: Waveform):
    twice_as_fast = interview[: 27 * 16_000 : 2]
    sound = np.concatenate([twice_as_fast, twice_as_fast])
    transcript = sphinx.transcribe(audio_of(sound))[0]
    assert transcript.text
    check_output(transcript, sound)


def missing_and_recovered(pairs: Iterable[tuple[str, SpeechOutput]]) -> tuple[int, int]:
    """The number of reference words missing from transcripts, and how many of them are among the alternatives."""
    lost = found = 0
    for reference, transcript in pairs:
        missing = set(counted_words(reference)) - set(counted_words(transcript.text))
        lost += len(missing)
        found += len(missing & {other.text for word in transcript.words for other in word.alternatives})
    return lost, found


def test_a_quiet_recording_has_the_same_transcript_as_a_loud_one(
    sphinx: PocketSphinxSpeechModel, transcripts: list[SpeechOutput], spoken: dict[str, Waveform]
):
    quiet = [waveform / 30 for waveform in list(spoken.values())[:3]]
    assert [found.text for found in sphinx.transcribe(audio_of(*quiet))] == [found.text for found in transcripts[:3]]


def test_silence_and_an_empty_waveform_have_an_empty_transcript(sphinx: PocketSphinxSpeechModel):
    silent = [np.zeros(0, np.float32), np.zeros(1, np.float32), np.zeros(80_000, np.float32)]
    assert sphinx.transcribe(audio_of(*silent)) == [SpeechOutput("")] * 3
    assert sphinx.transcribe([]) == []


def test_transcripts_of_clicks_have_valid_times(sphinx: PocketSphinxSpeechModel):
    clicks = [np.full(length, 0.5, np.float32) for length in (1, 40, 400, 2_000)]
    for transcript, click in zip(sphinx.transcribe(audio_of(*clicks)), clicks, strict=True):
        check_output(transcript, click)


def test_a_long_clip_is_transcribed_in_pieces_and_has_segments(sphinx: PocketSphinxSpeechModel, interview: Waveform):
    transcript = sphinx.transcribe(audio_of(interview))[0]
    check_output(transcript, interview)
    assert seconds(interview) > 100
    assert len(transcript.segments) > 15
    assert max(segment.end - segment.start for segment in transcript.segments) <= 30
    assert "lighthouse" in transcript.text.split()
    assert transcript.words[-1].end > 100


def test_the_recogniser_is_never_loaded_in_the_calling_process(
    sphinx: PocketSphinxSpeechModel, spoken: dict[str, Waveform]
):
    with ThreadPoolExecutor(3) as server_threads:
        answers = list(
            server_threads.map(lambda waveform: sphinx.transcribe(audio_of(waveform))[0], list(spoken.values())[:3])
        )
    assert all(answer.text for answer in answers)
    assert decoder.cache_info().currsize == 0


@pytest.fixture
def single_process() -> Iterator[tuple[PocketSphinxSpeechModel, set[BaseProcess]]]:
    """A speech model with one worker process, and the other processes."""
    others = set(active_children())
    speech_model = PocketSphinxSpeechModel(workers=1)
    yield speech_model, others
    speech_model.close()


def test_a_killed_process_is_replaced_and_no_clip_is_lost(
    single_process: tuple[PocketSphinxSpeechModel, set[BaseProcess]],
    transcripts: list[SpeechOutput],
    spoken: dict[str, Waveform],
):
    speech_model, others = single_process
    with ThreadPoolExecutor(1) as executor:
        answer = executor.submit(speech_model.transcribe, audio_of(*spoken.values()))
        time.sleep(0.3)  # until it is decoding a clip
        (set(active_children()) - others).pop().kill()
        assert answer.result() == transcripts


def test_a_repeatedly_killed_process_raises_an_error_and_later_clips_are_transcribed(
    single_process: tuple[PocketSphinxSpeechModel, set[BaseProcess]], interview: Waveform, spoken: dict[str, Waveform]
):
    speech_model, others = single_process
    with ThreadPoolExecutor(1) as executor:
        answer = executor.submit(speech_model.transcribe, audio_of(interview))
        while not answer.done():
            for child in set(active_children()) - others:
                child.kill()
            time.sleep(0.05)
        with pytest.raises(AsrError, match="WORKERS"):
            answer.result()
    assert speech_model.transcribe(audio_of(next(iter(spoken.values()))))[0].text


def test_a_repeatedly_killed_process_loses_only_its_own_clips(
    transcripts: list[SpeechOutput], spoken: dict[str, Waveform]
):
    speech_model = PocketSphinxSpeechModel(workers=2)
    scheduler = Scheduler(speech_model, LoudnessEmotionModel(), Limits(batch_seconds=0, threads=2, long_threads=2))
    killed_worker, other = speech_model._workers
    is_over = threading.Event()

    def kill() -> None:
        while not is_over.wait(0.02):
            for process in killed_worker.processes:
                process.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        answers = [scheduler.transcript(audio) for audio in audio_of(*spoken.values())]
        failures = [answer.exception() for answer in answers]
    finally:
        is_over.set()
        killer.join()
        scheduler.close()
    assert all("WORKERS" in str(failure) for failure in failures if failure)
    for answer, failure, transcript in zip(answers, failures, transcripts, strict=True):
        assert failure or answer.result() == transcript
    assert not all(failures)
    assert len(other.processes) == 1


def test_a_short_clip_does_not_wait_for_a_long_one_and_closing_cancels_the_long_one(
    single_process: tuple[PocketSphinxSpeechModel, set[BaseProcess]],
    transcripts: list[SpeechOutput],
    spoken: dict[str, Waveform],
):
    speech_model, others = single_process
    short = next(iter(spoken.values()))
    with ThreadPoolExecutor(1) as executor:
        long = executor.submit(speech_model.transcribe, audio_of(short) * 60)
        time.sleep(0.3)  # until it is in progress
        assert speech_model.transcribe(audio_of(short)) == transcripts[:1]
        assert not long.done()
        speech_model.close()
        with pytest.raises(AsrError, match="closed"):
            long.result()
    assert set(active_children()) <= others


def test_closing_ends_all_waiting_calls_including_those_not_started(
    spoken: dict[str, Waveform],
):
    speech_model = PocketSphinxSpeechModel(workers=3)
    short = next(iter(spoken.values()))
    with ThreadPoolExecutor(6) as executor:
        answers = [executor.submit(speech_model.transcribe, audio_of(short) * 20) for _ in range(6)]
        speech_model.transcribe(audio_of(short))  # is transcribed after some of their clips
        speech_model.close()
        for answer in answers:
            with pytest.raises(AsrError, match="closed"):
                answer.result()


def test_two_models_started_concurrently_end_only_their_own_processes(spoken: dict[str, Waveform]):
    with ThreadPoolExecutor() as pool:
        one, other = pool.map(PocketSphinxSpeechModel, (1, 1))
    try:
        one.close()
        assert len(other._processes) == 1
        before = set(other._processes)
        assert other.transcribe(audio_of(next(iter(spoken.values()))))[0].text
        assert other._processes == before, "no process was replaced"
    finally:
        other.close()


def test_closing_twice_has_no_further_effect(spoken: dict[str, Waveform]):
    others = set(active_children())
    speech_model = PocketSphinxSpeechModel(workers=1)
    speech_model.close()
    speech_model.close()
    assert set(active_children()) <= others


PROGRAM = """
import signal, sys, time
from pathlib import Path
from asr.audio.decoding import decode_audio
from asr.audio.vad import detect_speech
from asr.pipeline.scheduler import Limits, Scheduler
from asr.speech.pocketsphinx import PocketSphinxSpeechModel

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background programs without it
    audio = detect_speech(decode_audio(Path(sys.argv[1]).read_bytes(), 600))
    transcriber = PocketSphinxSpeechModel(workers=2)
    try:
        print("ready", flush=True)
        transcriber.transcribe([audio] * int(sys.argv[2]))
        time.sleep(60)
    except KeyboardInterrupt:
        transcriber.close()
        print("stopped")
"""


def start_program(tmp_path: Path, clip: Path, times: int) -> subprocess.Popen[str]:
    """Start a program in a separate process group that transcribes a clip ``times`` times and then waits."""
    (tmp_path / "program.py").write_text(PROGRAM)
    program = subprocess.Popen(
        [sys.executable, tmp_path / "program.py", clip, str(times)],
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    return program


def processes_of(group: int) -> list[str]:
    """The processes of a group that have not ended."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, group_of_it = entry.read_text().rpartition(")")[2].split()[:3]
            if int(group_of_it) == group and state != "Z":
                found.append(entry.parent.name)
    return found


def wait_until_all_ended(group: int) -> None:
    """Return when no process of the group is left; the test's time limit applies otherwise."""
    while processes_of(group):
        time.sleep(0.05)


def test_ctrl_c_ends_all_processes_without_a_stack_trace(tmp_path: Path, samples: Path):
    program = start_program(tmp_path, samples / "sample-000000.mp3", times=400)
    time.sleep(0.5)
    os.killpg(program.pid, signal.SIGINT)  # as a terminal does
    assert program.communicate(timeout=200) == ("stopped\n", "")
    assert program.returncode == 0
    wait_until_all_ended(program.pid)


def test_worker_processes_end_if_their_program_is_killed(tmp_path: Path, samples: Path):
    program = start_program(tmp_path, samples / "sample-000000.mp3", times=0)
    assert len(processes_of(program.pid)) >= 3
    program.kill()
    program.communicate(timeout=200)
    wait_until_all_ended(program.pid)


def test_real_clips_are_transcribed_within_the_expected_error_rate(sphinx: PocketSphinxSpeechModel, real_data: Path):
    rows = list(read_csv(real_data / "common-voice" / "cv-valid-dev.csv").rows().values())
    there = [row for row in rows if (real_data / "common-voice" / row.id).exists()][:400:20]
    decoded = sphinx.transcribe(audio_of(*(waveform_of(real_data / "common-voice" / row.id) for row in there)))
    pairs = zip(there, decoded, strict=True)
    errors = sum((word_errors(counted_words(row.text), counted_words(one.text)) for row, one in pairs), WordErrors())
    assert errors.rate is not None
    assert errors.rate < 0.65
    lost, found = missing_and_recovered((row.text, one) for row, one in zip(there, decoded, strict=True))
    assert found > 0.25 * lost
