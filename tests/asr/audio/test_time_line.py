"""Files whose audio is not contiguous from the start: chained, delayed, with gaps, several tracks, or other bytes."""

import itertools
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest

from asr.audio.decoding import decode_audio
from asr.types import SAMPLE_RATE, seconds
from hearsay.audio.reading import links_of
from tests.support.recordings import Samples, ffmpeg_file, sound_file, tone

MAX = 600.0
FRAME = 960


def written(kind: str, codec: str, starts: dict[float, Samples], rate: int = 48_000, video: bool = False) -> bytes:
    """A file with one track whose sounds begin at the given seconds; with ``video``, a video track starts at 0 s."""
    file = BytesIO()
    with av.open(file, "w", format=kind) as container:
        picture = container.add_stream("mpeg4", rate=1) if video else None
        track = container.add_stream(codec, rate=rate, layout="mono")
        if picture is not None:
            picture.width = picture.height = 16
            picture.pix_fmt = "yuv420p"
            for number in range(int(max(starts)) + 2):
                frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
                frame.pts = number
                container.mux(picture.encode(frame))
            container.mux(picture.encode(None))
        kind_of = track.codec_context.format.name
        for start, sound in starts.items():
            for first in range(0, len(sound) - FRAME + 1, FRAME):
                raw = sound[None, first : first + FRAME]
                part = av.AudioFrame.from_ndarray(raw, format="fltp", layout="mono")
                part.sample_rate = rate
                (ready,) = av.AudioResampler(format=kind_of, layout="mono", rate=rate).resample(part)
                ready.pts = round(start * rate) + first
                container.mux(track.encode(ready))
        container.mux(track.encode(None))
    return file.getvalue()


def onset(waveform: Samples, after: float = 0.0) -> float:
    """When the sound first exceeds a tenth of its peak, in seconds."""
    first = int(after * SAMPLE_RATE)
    return after + float(np.argmax(np.abs(waveform[first:]) > np.abs(waveform).max() / 10)) / SAMPLE_RATE


SOUND = tone(1.92, 48_000)


@pytest.mark.parametrize("kinds", list(itertools.product(["VORBIS", "OPUS"], repeat=2)))
def test_all_links_of_a_chained_ogg_file_are_decoded(kinds: tuple[str, str]):
    """Regardless of their codecs, sample rates and numbers of channels."""
    first = sound_file(tone(2, 48_000), 48_000, "OGG", kinds[0])
    second = sound_file(np.stack([tone(3, 16_000)] * 2, axis=1), 16_000, "OGG", kinds[1])
    assert len(links_of(first + second + first)) == 3
    waveform = decode_audio(first + second + first, MAX)
    assert seconds(waveform) == pytest.approx(7, abs=0.06)
    assert np.abs(waveform[int(2.4 * SAMPLE_RATE) : int(2.6 * SAMPLE_RATE)]).max() > 0.05


def test_a_damaged_link_does_not_affect_the_others():
    first, second = (sound_file(tone(length, 48_000), 48_000, "OGG", "VORBIS") for length in (2, 3))
    broken = bytearray(first)
    broken[100:3000] = bytes(2900)
    assert seconds(decode_audio(bytes(broken) + second, MAX)) >= 3


def test_a_bound_on_the_duration_holds_for_all_links_together():
    from hearsay.errors import AudioTooLong

    link = sound_file(tone(2, 16_000), 16_000, "OGG", "VORBIS")
    with pytest.raises(AudioTooLong):
        decode_audio(link * 3, 5)


@pytest.mark.parametrize(("kind", "codec"), [("webm", "libopus"), ("matroska", "flac"), ("mp4", "aac")])
def test_a_gap_in_the_time_stamps_is_silence(kind: str, codec: str):
    waveform = decode_audio(written(kind, codec, {0: SOUND, 5: SOUND}), MAX)
    assert seconds(waveform) == pytest.approx(6.92, abs=0.12)
    assert onset(waveform, 2.5) == pytest.approx(5 + onset(waveform), abs=0.12)
    assert np.abs(waveform[int(2.3 * SAMPLE_RATE) : int(4.7 * SAMPLE_RATE)]).max() < 0.02


@pytest.mark.parametrize(
    ("kind", "codec"), [("mp4", "aac"), ("matroska", "libopus"), ("mov", "pcm_s16le"), ("mpegts", "mp2")]
)
@pytest.mark.parametrize("start", [0.5, 4.0])
def test_audio_that_begins_after_the_picture_keeps_its_time(kind: str, codec: str, start: float):
    at_start = decode_audio(written(kind, codec, {0: SOUND}, video=True), MAX)
    waveform = decode_audio(written(kind, codec, {start: SOUND}, video=True), MAX)
    assert onset(waveform) == pytest.approx(start + onset(at_start), abs=0.12)


def test_small_jitter_of_time_stamps_inserts_nothing():
    jitter = {number * 0.1 + 0.02 * (number % 2): tone(0.1, 48_000) for number in range(30)}
    assert seconds(decode_audio(written("matroska", "pcm_s16le", jitter), MAX)) == pytest.approx(2.9, abs=0.15)


def test_the_default_track_is_taken_of_several():
    file = BytesIO()
    with av.open(file, "w", format="matroska") as container:
        tracks = [container.add_stream("pcm_s16le", rate=16_000, layout="mono") for _ in range(3)]
        for track, is_default in zip(tracks, (False, True, False), strict=True):
            track.disposition = av.stream.Disposition.default if is_default else av.stream.Disposition.comment
        for track, hertz in zip(tracks, (300, 1000, 2000), strict=True):
            sound = (tone(2, 16_000, hertz)[None] * 32767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(sound, format="s16", layout="mono")
            frame.sample_rate = 16_000
            container.mux([*track.encode(frame), *track.encode(None)])
    waveform = decode_audio(file.getvalue(), MAX)
    spectrum = np.abs(np.fft.rfft(waveform))
    assert np.argmax(spectrum) * SAMPLE_RATE / len(waveform) == pytest.approx(1000, abs=2)


@pytest.mark.parametrize("kind", ["MP3", "FLAC", "WAV", "OGG"])
@pytest.mark.parametrize("junk", [b"\r\n\r\n", b"<html>" * 500, bytes(70_000), np.random.default_rng(5).bytes(9_999)])
def test_bytes_before_the_first_frame_are_skipped(kind: str, junk: bytes):
    data = sound_file(tone(3, 16_000), 16_000, kind)
    # Without its header at the start, FFmpeg does not remove the padding of an MP3.
    assert seconds(decode_audio(junk + data, MAX)) == pytest.approx(3, abs=0.15)


def test_blocks_are_resampled_from_their_own_rate():
    """AAC in which the sample rate changes: two recordings that were joined byte by byte."""
    first = ffmpeg_file(tone(2, 48_000), 48_000, "adts", "aac")
    second = ffmpeg_file(tone(3, 16_000), 16_000, "adts", "aac")
    waveform = decode_audio(first + second, MAX)
    assert seconds(waveform) == pytest.approx(5, abs=0.2)
    for part in (waveform[: 2 * SAMPLE_RATE], waveform[3 * SAMPLE_RATE : 4 * SAMPLE_RATE]):
        assert np.argmax(np.abs(np.fft.rfft(part))) * SAMPLE_RATE / len(part) == pytest.approx(440, abs=3)


def test_sphere_files_of_timit_are_decoded(tmp_path: Path):
    samples = (tone(2) * 32767).astype("<i2")
    head = b"NIST_1A\n   1024\nsample_count -i %d\nsample_n_bytes -i 2\nchannel_count -i 1\nsample_byte_format -s2 01\n"
    head += b"sample_rate -i 16000\nsample_coding -s3 pcm\nend_head\n"
    data = (head % len(samples)).ljust(1024) + samples.tobytes()
    assert seconds(decode_audio(data, MAX)) == pytest.approx(2)
