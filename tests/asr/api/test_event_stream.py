"""A transcript as events: OpenAI's own client reads them while later pieces of a recording are still transcribed."""

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
from tests.support.serving import PATIENCE, HeldSpeechModel, server_of

SOUND = bursts((1, 5), (20, 25), (40, 50), (70, 82), length=90)
LONG = sound_file(SOUND)
(AUDIO,) = audio_of(SOUND)
PIECES = [str(end - start) for start, end in cut(AUDIO).pieces]
"""What a model that transcribes lengths makes of the pieces of the long recording."""


class LastPieceHeld(LengthSpeechModel):
    """Transcribes the last piece when somebody lets it go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def transcribe(self, clips: Sequence[DecodedAudio]) -> list[SpeechOutput]:
        if any(str(len(clip.waveform)) == PIECES[-1] for clip in clips):
            assert self.let_go.wait(PATIENCE)
        return super().transcribe(clips)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Starts a server with a speech model, and gives its address and OpenAI's client for it."""
    with ExitStack() as stack:

        def serve(model: LengthSpeechModel, **settings: float) -> tuple[str, OpenAI]:
            models = Models(model, LoudnessEmotionModel(), ())
            address = stack.enter_context(server_of(models, monkeypatch, **settings))
            client = OpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0, timeout=PATIENCE)
            return address, stack.enter_context(client)

        yield serve


def stream(client: OpenAI, data: bytes, **wishes: Any) -> Any:
    return client.audio.transcriptions.create(file=("clip.wav", data), model="whisper-1", stream=True, **wishes)


def test_a_short_clip_is_one_delta_and_the_whole_text_with_its_usage(served: Any):
    _, client = served(LengthSpeechModel())
    for form in ("json", "text"):
        delta, done = stream(client, tone(24_000), response_format=form)
        assert delta == TranscriptionTextDeltaEvent(type="transcript.text.delta", delta="24000")
        assert done.type == "transcript.text.done"
        TranscriptionTextDoneEvent.model_validate(done.to_dict())  # the client itself checks nothing
        usage = done.usage
        assert (done.text, usage.input_tokens, usage.output_tokens, usage.total_tokens) == ("24000", 2, 1, 3)


def test_the_events_are_written_as_server_sent_events_that_nobody_keeps_back(served: Any):
    address, _ = served(OptionsSpeechModel())
    reply = httpx.post(
        f"{address}/v1/audio/transcriptions",
        data={"model": "whisper-1", "stream": "true", "prompt": "p", "chunking_strategy": "auto"},
        files={"file": ("clip.wav", tone(16_000))},
        timeout=PATIENCE,
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


def test_a_long_recording_is_a_delta_for_each_piece_and_their_text_is_the_transcript(served: Any):
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
    model.let_go.set()
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]


def test_a_piece_that_fails_costs_itself_and_the_last_event_is_an_error_that_names_it(served: Any):
    _, client = served(LengthSpeechModel(fails_on=int(PIECES[1])))
    read = []
    with pytest.raises(openai.APIError) as failed:
        read += (event.delta.strip() for event in stream(client, LONG))  # what came before the error stays in the list
    assert read == [PIECES[0], *PIECES[2:]]
    start, end = (seconds / 16_000 for seconds in cut(AUDIO).pieces[1])
    named = f"The transcript is incomplete: {clock(start, 1)}–{clock(end, 1)} could not be transcribed: "
    assert failed.value.message.startswith(named)
    assert failed.value.body["type"] == "server_error"


def test_a_model_that_fails_on_everything_is_an_error_without_its_inner_words(served: Any):
    address, client = served(LengthSpeechModel(fails_on=16_000))
    with pytest.raises(openai.APIError) as failed:
        list(stream(client, tone(16_000)))
    assert failed.value.message.startswith("Internal server error")
    assert "memory" not in json.dumps(failed.value.body)
    assert httpx.get(f"{address}/ping").json() == "pong"


def test_a_file_that_is_not_audio_is_refused_before_anything_is_sent(served: Any):
    _, client = served(LengthSpeechModel())
    with pytest.raises(openai.BadRequestError):
        stream(client, b"no sound at all")


def test_a_client_that_leaves_ends_the_work_for_it(served: Any):
    model = HeldSpeechModel()
    address, client = served(model, batch_seconds=1)
    events = stream(client, LONG)
    assert model.begun.acquire(timeout=PATIENCE)
    events.close()
    until = time.monotonic() + PATIENCE
    while 'hearsay_requests_total{path="/v1/audio/transcriptions"' not in httpx.get(f"{address}/metrics").text:
        assert time.monotonic() < until
        time.sleep(0.05)
    model.let_go.set()
    assert client.audio.transcriptions.create(file=("clip.wav", LONG), model="whisper-1").text == " ".join(PIECES)
    assert model.transcribed == 1 + len(PIECES)  # that which had begun, and those of the second request
