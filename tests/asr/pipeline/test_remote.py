"""The remote pipeline: the same rows as the local pipeline, despite network and server failures."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from asr.audio.decoding import decode_audio
from asr.errors import AsrError, PipelineUnavailable
from asr.pipeline.batch import decode
from asr.pipeline.pipeline import digest_of
from asr.pipeline.progress import DecodingProgress
from asr.pipeline.remote import FAULT_ATTEMPTS, RemotePipeline, open_remote_pipeline
from asr.settings import AsrSettings
from asr.sources.listing import Clip, Listing
from hearsay.errors import BadSettings
from hearsay.http.connection import BUSY
from hearsay.http.retry import RetryPolicy
from hearsay.records.clip import ClipRow
from hearsay.records.journal import read_journal
from hearsay.records.table import read_csv
from tests.conftest import PROJECT
from tests.support.api_server import ANSWERS_ONE, EMBEDDED, HEARSAY, READY, Answer, Api, FakeApi

PROMPT = RetryPolicy(100.0, attempts=5, first=0.01, longest=0.05, fault_attempts=FAULT_ATTEMPTS)


@pytest.fixture
def fake_api() -> Iterator[FakeApi]:
    with FakeApi() as fake_api:
        yield fake_api


@contextmanager
def remote_pipeline(
    fake_api: FakeApi, messages: list[str] | None = None, policy: RetryPolicy = PROMPT, at_once: int = 1
) -> Iterator[RemotePipeline]:
    settings = AsrSettings(via_clips=at_once, via_timeout=100, api_key="sesame")
    pipeline = open_remote_pipeline(
        fake_api.address, settings, [].append if messages is None else messages.append, policy
    )
    try:
        yield pipeline
    finally:
        pipeline.close()


def clip(name: str, data: bytes | None) -> Clip:
    return Clip(ClipRow(f"set/{name}", age="twenties"), None if data is None else lambda: data)


def process(fake_api: FakeApi, *sizes: int, at_once: int = 1, policy: RetryPolicy = PROMPT) -> list[ClipRow]:
    with remote_pipeline(fake_api, policy=policy, at_once=at_once) as pipeline:
        return pipeline.process([clip(str(size), bytes(size)) for size in sizes])


def test_a_server_error_is_retried_a_limited_number_of_times(fake_api: FakeApi):
    fake_api.replies = [(500, {}, {"detail": "internal error"})] * (FAULT_ATTEMPTS - 1)
    (row,) = process(fake_api, 7)
    assert (row.generated_text, row.error, len(fake_api.received)) == ("7", "", FAULT_ATTEMPTS)


def test_each_clip_is_sent_once_and_its_row_has_all_fields_of_the_reply(fake_api: FakeApi):
    rows = process(fake_api, 5, 3, 9)
    assert [(row.id, row.generated_text) for row in rows] == [("set/5", "5"), ("set/3", "3"), ("set/9", "9")]
    assert sorted(map(len, fake_api.received)) == [3, 5, 9]
    row = rows[0]
    assert (row.age, row.audio_digest, row.duration) == ("twenties", digest_of(bytes(5)), 1.23)
    assert (row.words[0].end, row.words[0].confidence, row.words[0].alternatives[0].text) == (1.23, 0.988, "four")
    assert (row.segments[0].text, row.confidence) == ("5", 0.988)
    assert (row.emotion, row.emotion_score, row.sentiment) == ("angry", 0.75, "negative")
    assert row.emotion_scores == {"angry": 0.75, "neutral": 0.25}
    assert (row.asr_model, row.ser_model, row.error) == ("length", "loudness", "")


def test_the_measured_duration_replaces_that_of_the_table(fake_api: FakeApi):
    with remote_pipeline(fake_api) as pipeline:
        assert pipeline.process([Clip(ClipRow("set/a", duration=7.5), lambda: b"a")])[0].duration == 1.23


def test_the_allowed_number_of_clips_is_sent_concurrently_and_no_more(fake_api: FakeApi):
    three = threading.Barrier(3, timeout=100)
    inside, peak = threading.Semaphore(3), []

    def together(data: bytes) -> None:
        peak.append(inside.acquire(blocking=False))
        three.wait()
        inside.release()

    fake_api.before_reply = together
    assert len(process(fake_api, *range(9), at_once=3)) == 9
    assert all(peak)


def test_a_batch_is_as_large_as_the_number_of_concurrent_requests(fake_api: FakeApi):
    with remote_pipeline(fake_api, at_once=3) as pipeline:
        assert pipeline.clips_at_once == 3


def test_threads_can_share_a_pipeline(fake_api: FakeApi):
    rows: list[ClipRow] = []
    with remote_pipeline(fake_api, at_once=4) as pipeline:
        threads = [
            threading.Thread(target=lambda size=size: rows.extend(pipeline.process([clip(str(size), bytes(size))])))
            for size in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(row.generated_text for row in rows) == sorted(map(str, range(8)))


def test_a_closed_pipeline_rejects_clips(fake_api: FakeApi):
    with remote_pipeline(fake_api) as pipeline:
        pass
    with pytest.raises(AsrError, match="closed"):
        pipeline.process([clip("a", b"a")])
    pipeline.close()


@pytest.mark.parametrize("trouble", [*((status, {}, {}) for status in sorted(BUSY)), None], ids=str)
def test_a_busy_server_or_a_closed_connection_is_retried(fake_api: FakeApi, trouble: Answer):
    fake_api.replies = [trouble, trouble]
    (row,) = process(fake_api, 4)
    assert (row.generated_text, row.error, len(fake_api.received)) == ("4", "", 3)


def test_a_request_is_not_retried_before_its_retry_after(fake_api: FakeApi):
    fake_api.replies = [(429, {"Retry-After": "600"}, {"detail": "too much waits already"})]
    (row,) = process(fake_api, 4)  # 600 s exceed the time limit of the retry policy
    assert len(fake_api.received) == 1
    assert "too much waits already" in row.error


def test_a_rejected_clip_has_an_error_and_does_not_affect_the_others(fake_api: FakeApi):
    fake_api.replies = [
        (415, {}, {"detail": "this is not audio"}),
        *[(500, {}, "no problem document")] * FAULT_ATTEMPTS,
    ]
    refused, broken, transcribed = process(fake_api, 1, 2, 3)
    assert (refused.error, refused.generated_text, refused.audio_digest) == ("this is not audio", "", digest_of(b"\0"))
    assert (refused.asr_model, refused.ser_model) == ("length", "loudness")
    assert broken.error == "500 Internal Server Error"
    assert (transcribed.generated_text, transcribed.error) == ("3", "")
    assert len(fake_api.received) == 2 + FAULT_ATTEMPTS


def test_a_clip_without_a_reply_fails_while_others_are_transcribed(fake_api: FakeApi):
    fake_api.replies = [None] * PROMPT.attempts
    lost, transcribed = process(fake_api, 1, 2)
    assert "did not reply for this clip" in lost.error
    assert transcribed.generated_text == "2"


def test_a_reply_of_an_incompatible_version_is_an_error_in_the_row(fake_api: FakeApi):
    fake_api.replies = [(200, {}, {"text": "hello"}), (200, {}, ["hello"])]
    for row in process(fake_api, 1, 2):
        assert "cannot be read" in row.error
        assert not row.generated_text


def test_a_clip_that_cannot_be_read_has_an_error_and_is_not_sent(fake_api: FakeApi):
    def gone() -> bytes:
        raise FileNotFoundError(2, "No such file or directory")

    with remote_pipeline(fake_api) as pipeline:
        rows = pipeline.process([clip("none", None), Clip(ClipRow("set/gone"), gone)])
    assert [row.error for row in rows] == [
        "there is no audio file",
        "the file cannot be read: No such file or directory",
    ]
    assert fake_api.received == []


def test_the_key_is_sent_to_the_api_and_never_logged_or_printed(fake_api: FakeApi, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    messages: list[str] = []
    fake_api.replies = [(401, {}, {"detail": "this key is not known"})]
    with (
        remote_pipeline(fake_api, messages) as pipeline,
        pytest.raises(PipelineUnavailable, match="API_KEY") as refused,
    ):
        pipeline.process([clip("a", b"a")])
    assert fake_api.headers[0]["Authorization"] == "Bearer sesame"
    assert "sesame" not in f"{refused.value} {messages} {caplog.text} {AsrSettings(api_key='sesame')}"


@pytest.mark.parametrize(
    ("health", "says"),
    [
        ((200, {}, {"status": "failed", "ready": False, "warnings": ["no weights"]}), "no weights"),
        ((200, {}, {"status": "loading", "ready": False, "warnings": []}), "is still loading its models"),
        ((503, {}, {"status": "loading", "ready": False, "warnings": []}), "is still loading its models"),
        ((503, {}, "starting a container"), "is still loading its models"),
        ((200, {}, {"hello": "world"}), "not as Hearsay's API"),
        ((404, {}, {"detail": "Not Found"}), "not as Hearsay's API"),
        ((403, {}, {}), "refuses access"),
        (None, "does not respond"),
    ],
)
def test_an_unusable_api_is_reported_before_any_clip_is_sent(fake_api: FakeApi, health: Answer, says: str):
    fake_api.health = [health]
    with pytest.raises(PipelineUnavailable, match=says):
        process(fake_api, 1, policy=RetryPolicy(0.0))
    assert fake_api.received == []


def test_an_api_that_is_loading_its_models_is_awaited_and_its_warnings_are_shown(fake_api: FakeApi):
    loading: Answer = (503, {}, {"status": "loading", "ready": False, "warnings": []})
    fake_api.health = [loading, (200, {}, {**READY.model_dump(), "warnings": ["wanted large, got small"]})]
    messages: list[str] = []
    with remote_pipeline(fake_api, messages) as pipeline:
        assert (pipeline.speech.name, pipeline.emotion.name) == ("length", "loudness")
    assert "loading its models" in messages[0]
    assert "wanted large, got small" in messages[1]


@pytest.mark.parametrize("address", ["gpu-host:8001", "ftp://gpu-host", "http://", "http://a:b@host", "http://[::"])
def test_an_invalid_address_is_rejected(address: str):
    with pytest.raises(BadSettings, match="--via"):
        open_remote_pipeline(address, AsrSettings(), print)


def listing_of(sizes: range) -> Listing:
    return Listing(tuple(clip(str(size), bytes(size)) for size in sizes))


def test_results_are_kept_if_the_api_becomes_unavailable_and_the_next_run_continues(tmp_path: Path):
    with FakeApi() as first:

        def leave(data: bytes) -> None:
            if len(first.received) == 4:
                first.health = [None]
            if len(first.received) >= 4:
                first.replies = [None]

        first.before_reply = leave
        with remote_pipeline(first) as pipeline, DecodingProgress() as progress:
            summary = decode([listing_of(range(10))], pipeline, tmp_path, 2, progress)
    assert summary.stop_reason.startswith(f"{first.address} is still unavailable")
    assert (summary.transcribed, len(read_journal(tmp_path / "clips.jsonl"))) == (3, 3)
    assert len(read_csv(tmp_path / "clips.csv").cells) == 3
    with FakeApi() as second:
        with remote_pipeline(second) as pipeline, DecodingProgress() as progress:
            summary = decode([listing_of(range(10))], pipeline, tmp_path, 2, progress)
        assert len(second.received) == 7
    assert (summary.stop_reason, summary.transcribed, summary.skipped) == ("", 7, 3)


@pytest.fixture
def corpus(tmp_path: Path, samples: Path) -> Path:
    """Four clips, and one file that is not audio."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number in range(4):
        name = f"sample-{number:06}.mp3"
        (corpus / name).write_bytes((samples / name).read_bytes())
    (corpus / "x.wav").write_bytes(b"no sound at all, only words " * 50)
    return corpus


def run_decode(corpus: Path, out: Path, *further: str, via_clips: int = 1) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "asr", "decode", str(corpus), "--out", str(out), *further]
    environment = {
        **os.environ,
        **EMBEDDED,
        "LOG_DIR": str(out / "logs"),
        "VIA_CLIPS": str(via_clips),
        "VIA_PATIENCE": "250",
        "BATCH_CLIPS": "1",
        "API_KEY": "sesame",
    }
    return subprocess.Popen(
        command, cwd=PROJECT, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def rows_in(out: Path) -> dict[str, ClipRow]:
    return {name: replace(row, decoded_at="") for name, row in read_journal(out / "clips.jsonl").items()}


def test_no_clip_is_lost_if_the_api_is_killed_and_restarted(corpus: Path, tmp_path: Path):
    there, here = tmp_path / "there", tmp_path / "here"
    # Records are written in the order of the clips, but requests may arrive in any order: the first clip is answered.
    first = len(decode_audio((corpus / "sample-000000.mp3").read_bytes(), 60))
    api = Api(tmp_path, ANSWERS_ONE, API_KEYS="open,sesame", ANSWERED_SAMPLES=str(first), WORKERS="4")
    with api, run_decode(corpus, there, "--via", api.address, via_clips=4) as run:
        journal = there / "clips.jsonl"
        while not journal.exists() or not journal.read_bytes():
            assert run.poll() is None
            time.sleep(0.01)
        api.kill()
        assert len(read_journal(journal)) < 3  # one clip, and perhaps the file that is not audio
        api.program = HEARSAY
        api.start()
        _, messages = run.communicate(timeout=200)
    assert run.returncode == 1, messages  # for x.wav, which neither pipeline can decode
    assert len(journal.read_text().splitlines()) == 5
    with run_decode(corpus, here) as local:
        local.communicate(timeout=200)
    assert rows_in(there) == rows_in(here)
    assert all(row.generated_text for name, row in rows_in(there).items() if not name.endswith("x.wav"))


def test_an_unreachable_api_ends_decode_with_exit_status_2(tmp_path: Path, samples: Path):
    with FakeApi() as fake_api:
        pass
    with run_decode(samples, tmp_path, "--via", fake_api.address) as run:
        _, messages = run.communicate(timeout=200)
    assert run.returncode == 2
    assert "does not respond" in messages
    assert not (tmp_path / "clips.jsonl").exists()
