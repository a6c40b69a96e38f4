"""A transcript as events, read by OpenAI's client while later pieces of the recording are still being transcribed."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from openai import OpenAI
from openai.types.audio import TranscriptionTextDeltaEvent, TranscriptionTextDoneEvent

from asr.pipeline.assembly import Models
from asr.pipeline.long_form import cut
from asr.types import DecodedAudio, SpeechOutput
from hearsay.text.format import clock
from tests.support.models import LengthSpeechModel, LoudnessEmotionModel, OptionsSpeechModel, tone
from tests.support.recordings import audio_of, bursts, sound_file
from tests.support.serving import TIMEOUT, HeldSpeechModel, server_of

SOUND = bursts((1, 5), (20, 25), (40, 50), (70, 82), length=90)
LONG = sound_file(SOUND)
(AUDIO,) = audio_of(SOUND)
PIECES = [str(end - start) for start, end in cut(AUDIO).pieces]
"""The transcripts of the pieces of the long recording by a model that transcribes lengths."""


class LastPieceHeld(LengthSpeechModel):
    """Transcribes the last piece only after ``released`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def transcribe(self, clips: Sequence[DecodedAudio]) -> list[SpeechOutput]:
        if any(str(len(clip.waveform)) == PIECES[-1] for clip in clips):
            assert self.released.wait(TIMEOUT)
        return super().transcribe(clips)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Starts a server with a speech model, and returns its address and an OpenAI client for it."""
    with ExitStack() as stack:

        def serve(model: LengthSpeechModel, **settings: float) -> tuple[str, OpenAI]:
            models = Models(model, LoudnessEmotionModel(), ())
            address = stack.enter_context(server_of(models, monkeypatch, **settings))
            client = OpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0, timeout=TIMEOUT)
            return address, stack.enter_context(client)

        yield serve


def stream(client: OpenAI, data: bytes, **options: Any) -> Any:
    return client.audio.transcriptions.create(file=("clip.wav", data), model="whisper-1", stream=True, **options)


def test_a_short_clip_is_one_delta_followed_by_the_whole_text_and_its_usage(served: Any):
    _, client = served(LengthSpeechModel())
    for form in ("json", "text"):
        delta, done = stream(client, tone(24_000), response_format=form)
        assert delta == TranscriptionTextDeltaEvent(type="transcript.text.delta", delta="24000")
        assert done.type == "transcript.text.done"
        TranscriptionTextDoneEvent.model_validate(done.to_dict())  # the client does not validate
        usage = done.usage
        assert (done.text, usage.input_tokens, usage.output_tokens, usage.total_tokens) == ("24000", 2, 1, 3)


def test_events_are_sent_as_unbuffered_server_sent_events(served: Any):
    address, _ = served(OptionsSpeechModel())
    reply = httpx.post(
        f"{address}/v1/audio/transcriptions",
        data={"model": "whisper-1", "stream": "true", "prompt": "p", "chunking_strategy": "auto"},
        files={"file": ("clip.wav", tone(16_000))},
        timeout=TIMEOUT,
    )
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (reply.headers["cache-control"], reply.headers["x-accel-buffering"]) == ("no-cache", "no")
    assert reply.headers["x-ignored-fields"] == "chunking_strategy"
    first, last, rest = reply.text.split("\n\n")
    assert first == 'event: transcript.text.delta\ndata: {"type": "transcript.text.delta", "delta": "16000"}'
    assert last.startswith('event: transcript.text.done\ndata: {"type": "transcript.text.done", "text": "16000", ')
    assert rest == ""


def test_silence_has_no_delta(served: Any):
    _, client = served(LengthSpeechModel())
    (done,) = stream(client, sound_file(np.zeros(70 * 16_000, np.float32)))
    assert (done.type, done.text, done.usage.output_tokens) == ("transcript.text.done", "", 0)


def test_a_long_recording_is_streamed_as_one_delta_per_piece(served: Any):
    _, client = served(LengthSpeechModel())
    *deltas, done = stream(client, LONG)
    assert len(PIECES) >= 3
    assert [delta.delta.strip() for delta in deltas] == PIECES
    assert "".join(delta.delta for delta in deltas) == done.text == " ".join(PIECES)
    whole = client.audio.transcriptions.create(file=("clip.wav", LONG), model="whisper-1")
    assert whole.text == done.text


def test_a_piece_is_sent_before_later_ones_are_transcribed(served: Any):
    model = LastPieceHeld()
    _, client = served(model, batch_seconds=1)
    events = stream(client, LONG)
    for piece in PIECES[:-1]:
        assert next(events).delta.strip() == piece
    assert model.transcribed == len(PIECES) - 1
    model.released.set()
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]


def test_a_failed_piece_is_omitted_and_named_in_a_final_error_event(served: Any):
    _, client = served(LengthSpeechModel(fails_on=int(PIECES[1])))
    read = []
    with pytest.raises(openai.APIError) as failed:
        read += (event.delta.strip() for event in stream(client, LONG))  # keeps the events before the error
    assert read == [PIECES[0], *PIECES[2:]]
    start, end = (seconds / 16_000 for seconds in cut(AUDIO).pieces[1])
    named = f"The transcript is incomplete: {clock(start, 1)}–{clock(end, 1)} could not be transcribed: "
    assert failed.value.message.startswith(named)
    assert failed.value.body["type"] == "server_error"


def test_a_model_failure_is_an_internal_error_without_details(served: Any):
    address, client = served(LengthSpeechModel(fails_on=16_000))
    with pytest.raises(openai.APIError) as failed:
        list(stream(client, tone(16_000)))
    assert failed.value.message.startswith("Internal server error")
    assert "memory" not in json.dumps(failed.value.body)
    assert httpx.get(f"{address}/ping").json() == "pong"


def test_a_file_that_is_not_audio_is_rejected_before_the_stream_starts(served: Any):
    _, client = served(LengthSpeechModel())
    with pytest.raises(openai.BadRequestError):
        stream(client, b"no sound at all")


def test_a_disconnected_client_cancels_its_remaining_pieces(served: Any):
    model = HeldSpeechModel()
    address, client = served(model, batch_seconds=1)
    events = stream(client, LONG)
    assert model.begun.acquire(timeout=TIMEOUT)
    events.close()
    until = time.monotonic() + TIMEOUT
    while 'hearsay_requests_total{path="/v1/audio/transcriptions"' not in httpx.get(f"{address}/metrics").text:
        assert time.monotonic() < until
        time.sleep(0.05)
    model.released.set()
    assert client.audio.transcriptions.create(file=("clip.wav", LONG), model="whisper-1").text == " ".join(PIECES)
    assert model.transcribed == 1 + len(PIECES)  # the one in progress, and those of the second request
