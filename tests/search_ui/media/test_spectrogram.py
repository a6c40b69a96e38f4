"""Spectrograms show level and frequency at the right places for any sample rate, and none is too large."""

import io
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from hearsay.records.clip import ClipRow
from indexer.errors import IndexMissing
from indexer.passages import Passage
from search_ui.errors import SpectrogramUnavailable
from search_ui.media.audio import AudioFolder, AudioStore
from search_ui.media.spectrogram import LONGEST, LOUD_ROWS, PITCH_ROWS, Spectrogram, draw
from search_ui.media.spectrogram_route import spectrogram_route, spectrogram_url
from tests.support.recordings import ffmpeg_file


def tone(hertz: float, seconds: float, rate: int = 16000) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def written(folder: Path, samples: NDArray[np.float32], rate: int = 16000, name: str = "tone.wav") -> Path:
    path = folder / name
    soundfile.write(path, samples, rate)
    return path


def mask(picture: Spectrogram) -> NDArray[np.uint8]:
    """The opacity of each pixel, (rows, columns)."""
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGBA"))[:, :, 3]


def highest_tone(shades: NDArray[np.uint8]) -> float:
    """The frequency of the most opaque row of the spectrogram, in hertz."""
    row = int(shades[LOUD_ROWS:].astype(int).sum(axis=1).argmax())
    return 8000 * (PITCH_ROWS - 1 - row) / (PITCH_ROWS - 1)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 48000])
def test_a_tone_is_at_its_frequency_for_any_sample_rate(tmp_path: Path, rate: int) -> None:
    picture = draw(written(tmp_path, tone(3000, 0.5, rate), rate), 0, None)

    assert highest_tone(mask(picture)) == pytest.approx(3000, abs=100)
    assert picture.end == pytest.approx(0.5, abs=0.02)


def test_a_column_is_ten_milliseconds_and_silence_is_transparent(tmp_path: Path) -> None:
    sound = np.concatenate([np.zeros(16000, np.float32), tone(1000, 0.5)])
    shades = mask(draw(written(tmp_path, sound), 0, None))

    assert shades.shape == (LOUD_ROWS + PITCH_ROWS, 150)
    assert not shades[0, :100].any()
    assert shades[0, 101:].all()
    assert not shades[LOUD_ROWS:, :97].any()


def test_only_the_requested_part_is_drawn(tmp_path: Path) -> None:
    path = written(tmp_path, np.concatenate([tone(1000, 2), tone(4000, 2)]))

    later = draw(path, 2.5, 3.5)

    assert (later.start, later.end) == (2.5, 3.5)
    assert highest_tone(mask(later)) == pytest.approx(4000, abs=100)


def test_a_long_part_is_truncated_in_the_spectrogram(tmp_path: Path) -> None:
    path = written(tmp_path, np.zeros(16000 * 65, np.float32))

    assert (draw(path, 0, None).end, draw(path, 2, 1e9).end) == (LONGEST, 62.0)
    assert mask(draw(path, 0, 64)).shape[1] == 6000


def test_several_channels_are_mixed_and_invalid_samples_ignored(tmp_path: Path) -> None:
    sound = np.stack([tone(1000, 1), np.full(16000, np.nan, np.float32), np.full(16000, np.inf, np.float32)], axis=1)
    path = tmp_path / "odd.wav"
    soundfile.write(path, sound, 16000, subtype="FLOAT")

    assert highest_tone(mask(draw(path, 0, None))) == pytest.approx(1000, abs=100)


@pytest.mark.parametrize("name", ["tone.flac", "tone.ogg", "tone.mp3"])
def test_a_part_in_the_middle_of_a_compressed_file_is_drawn(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, np.concatenate([tone(1000, 2), tone(3000, 2)]), name=name)

    assert highest_tone(mask(draw(path, 2.5, 3.5))) == pytest.approx(3000, abs=100)


def test_without_audio_there_is_no_spectrogram(tmp_path: Path) -> None:
    path = written(tmp_path, tone(1000, 1))
    with pytest.raises(SpectrogramUnavailable, match="no audio between 1 s and 2 s"):
        draw(path, 1, 2)
    with pytest.raises(SpectrogramUnavailable, match="no audio between 0 s"):
        draw(written(tmp_path, np.empty(0, np.float32)), 0, None)


def test_a_header_with_impossible_values_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "evil.wav"
    with wave.open(str(path), "wb") as evil:
        evil.setparams((1, 2, 2_000_000_000, 0, "NONE", ""))
        evil.writeframes(bytes(1000))

    with pytest.raises(SpectrogramUnavailable, match="2,000,000,000 samples per second"):
        draw(path, 0, None)


@pytest.fixture
def client(samples: Path) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=[spectrogram_route(lambda: AudioStore((AudioFolder(samples),)))])) as client:
        yield client


CLIP = "samples/sample-000000.mp3"


def test_a_spectrogram_is_sent_with_the_times_that_it_shows(client: TestClient) -> None:
    answer = client.get(f"/picture/{CLIP}?start=0.5&end=1.5")

    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["Hearsay-Stretch"] == "0.500 1.500"
    assert Image.open(io.BytesIO(answer.content)).size == (100, LOUD_ROWS + PITCH_ROWS)


def test_a_cached_spectrogram_is_not_drawn_again(client: TestClient) -> None:
    first = client.get(f"/picture/{CLIP}")
    again = client.get(f"/picture/{CLIP}", headers={"If-None-Match": first.headers["ETag"]})
    other = client.get(f"/picture/{CLIP}?end=1", headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status_code, again.status_code, other.status_code) == (200, 304, 200)
    assert again.content == b""
    assert "max-age" in first.headers["Cache-Control"]


@pytest.mark.parametrize("stretch", ["start=-1", "start=x", "start=nan", "end=inf", "start=2&end=1", "start=1&end=1"])
def test_invalid_times_are_rejected(client: TestClient, stretch: str) -> None:
    assert client.get(f"/picture/{CLIP}?{stretch}").status_code == 400


@pytest.mark.parametrize("clip", ["samples/none.mp3", "samples/%2e%2e/%2e%2e/row.py", "clips.csv", "/etc/passwd"])
def test_only_an_existing_clip_has_a_spectrogram(client: TestClient, clip: str) -> None:
    assert client.get(f"/picture/{clip}").status_code == 404


def test_an_unsupported_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.m4a").write_bytes(b"of another kind" * 100)
    answer = TestClient(Starlette(routes=[spectrogram_route(lambda: AudioStore((AudioFolder(tmp_path),)))])).get(
        "/picture/a.m4a"
    )

    assert (answer.status_code, answer.text) == (
        415,
        "no spectrogram of a.m4a: the file is not audio, or it is damaged",
    )


def test_an_index_that_does_not_respond_is_reported() -> None:
    def store() -> AudioStore:
        raise IndexMissing("nothing has been loaded")

    answer = TestClient(Starlette(routes=[spectrogram_route(store)])).get(f"/picture/{CLIP}")

    assert (answer.status_code, answer.text) == (503, "nothing has been loaded")


def test_the_address_of_a_spectrogram_has_the_times_of_the_passage(client: TestClient) -> None:
    row = ClipRow("samples/sample-interview.mp3", duration=20.0)
    part = spectrogram_url(Passage("samples/sample-interview.mp3#0002", 12.5, 20.25, row))

    assert part == "picture/samples/sample-interview.mp3?start=12.5&end=20.25"
    assert client.get(part).headers["Hearsay-Stretch"] == "12.500 20.250"
    assert spectrogram_url(Passage("a b?.mp3", 0.0, 3.0, ClipRow("a b?.mp3"))) == "picture/a%20b%3F.mp3?start=0"


@pytest.mark.parametrize(
    ("kind", "codec"), [("ipod", "aac"), ("webm", "libopus"), ("mpegts", "mp2"), ("mov", "pcm_s16le")]
)
def test_every_transcribed_format_is_drawn(kind: str, codec: str) -> None:
    sound = np.concatenate([tone(1000, 4, 48_000), tone(3000, 4, 48_000)])
    data = ffmpeg_file(sound, 48_000, kind, codec)
    whole, part = draw(io.BytesIO(data), 0, None), draw(io.BytesIO(data), 5, 7)
    assert whole.end == pytest.approx(8, abs=0.15)
    assert (part.start, part.end) == (5, pytest.approx(7, abs=0.02))
    assert highest_tone(mask(part)) == pytest.approx(3000, abs=100)
    with pytest.raises(SpectrogramUnavailable, match="no audio between"):
        draw(io.BytesIO(data), 30, 40)
