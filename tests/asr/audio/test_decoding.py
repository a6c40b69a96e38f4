import csv
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from asr.audio.decoding import decode_audio
from asr.types import SAMPLE_RATE, seconds
from hearsay.errors import AudioTooLong, EmptyAudio, NotAudio
from tests.support.recordings import ffmpeg_file, sound_file, tone

MAX = 60.0
FILES = {
    "wav": lambda sound: sound_file(sound, 48_000),
    "flac": lambda sound: sound_file(sound, 48_000, "FLAC"),
    "mp3": lambda sound: sound_file(sound, 48_000, "MP3"),
    "ogg": lambda sound: sound_file(sound, 48_000, "OGG", "VORBIS"),
    "opus": lambda sound: sound_file(sound, 48_000, "OGG", "OPUS"),
    "aiff": lambda sound: sound_file(sound, 48_000, "AIFF"),
    "m4a": lambda sound: ffmpeg_file(sound, 48_000, "ipod", "aac"),
    "aac": lambda sound: ffmpeg_file(sound, 48_000, "adts", "aac"),
    "webm": lambda sound: ffmpeg_file(sound, 48_000, "webm", "libopus"),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_format_is_decoded_to_mono_float32_at_16_khz(kind: str):
    waveform = decode_audio(FILES[kind](tone(3, 48_000)), MAX)
    assert waveform.dtype == np.float32
    assert waveform.ndim == 1
    assert seconds(waveform) == pytest.approx(3, abs=0.05)
    spectrum = np.abs(np.fft.rfft(waveform))
    assert np.argmax(spectrum) * SAMPLE_RATE / len(waveform) == pytest.approx(440, abs=1)
    assert np.abs(waveform).max() == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "opus", "aiff", "aac", "webm"])
def test_the_readable_part_of_a_truncated_file_is_decoded(kind: str, capfd: pytest.CaptureFixture[str]):
    whole = FILES[kind](tone(8, 48_000))
    half = decode_audio(whole[: len(whole) // 2], MAX)
    assert 2.5 < seconds(half) < 4.2
    assert np.abs(half[SAMPLE_RATE : 2 * SAMPLE_RATE]).max() > 0.1
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", FILES)
def test_damage_in_the_middle_of_a_file_is_tolerated_and_prints_nothing(kind: str, capfd: pytest.CaptureFixture[str]):
    data = bytearray(FILES[kind](tone(8, 48_000)))
    data[len(data) // 2 : len(data) // 2 + 300] = np.random.default_rng(1).bytes(300)
    waveform = decode_audio(bytes(data), MAX)
    assert 2 < seconds(waveform) < 8.1
    assert np.isfinite(waveform).all()
    assert np.abs(waveform).max() <= 1
    assert capfd.readouterr() == ("", "")


NO_AUDIO = {
    "random bytes": np.random.default_rng(2).bytes(50_000),
    "zeros": bytes(50_000),
    "what looks like mp3 frames": b"\xff\xfb\x90\x64" * 5_000,
    "text": b"The quick brown fox.\n" * 500,
    "a web page": b"<!doctype html><html><body>404</body></html>",
    "a picture's beginning": b"\x89PNG\r\n\x1a\n" + np.random.default_rng(3).bytes(500),
    "a tag without sound": b"ID3\x04\0\0\0\0\0\0" + bytes(1_000),
    "a m4a cut before its index": ffmpeg_file(tone(3), 16_000, "ipod", "aac")[:8_000],
    "the beginning of a flac": sound_file(tone(1), kind="FLAC")[:60],
    "a wav of 7 samples per second": sound_file(tone(1))[:24] + struct.pack("<I", 7) + sound_file(tone(1))[28:],
}


@pytest.mark.parametrize("what", NO_AUDIO)
def test_files_that_are_not_audio_are_rejected_with_a_message_and_print_nothing(
    what: str, capfd: pytest.CaptureFixture[str]
):
    with pytest.raises(NotAudio, match=r"(?i)wav"):
        decode_audio(NO_AUDIO[what], MAX)
    assert capfd.readouterr() == ("", "")


def test_a_playlist_cannot_open_other_files(tmp_path: Path):
    secret = tmp_path / "secret.wav"
    secret.write_bytes(sound_file(tone(1)))
    hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    for playlist in (hls, f"ffconcat version 1.0\nfile {secret}\n", f"[playlist]\nFile1={secret}\n"):
        with pytest.raises(NotAudio):
            decode_audio(playlist.encode(), MAX)


def test_a_file_of_0_bytes_and_a_file_of_0_samples_are_reported_as_empty():
    with pytest.raises(EmptyAudio, match="0 bytes"):
        decode_audio(b"", MAX)
    with pytest.raises(EmptyAudio, match="0 samples"):
        decode_audio(sound_file(tone(0)), MAX)


def test_silence_is_decoded_to_zeros_of_the_same_duration():
    waveform = decode_audio(sound_file(np.zeros(24_000, np.float32), 48_000), MAX)
    assert len(waveform) == 8_000
    assert not waveform.any()


def test_a_dc_offset_is_removed():
    pure = decode_audio(sound_file(np.full(16_000, 0.5, np.float32)), MAX)
    assert np.abs(pure).max() < 1e-6
    offset = decode_audio(sound_file(tone(1) + np.float32(0.2), subtype="FLOAT"), MAX)
    assert np.abs(offset - (tone(1) - tone(1).mean())).max() < 1e-5


def test_samples_that_are_not_finite_become_silence_and_overshoots_are_clipped():
    broken = tone(1)
    broken[100:103] = np.nan, np.inf, -np.inf
    broken[200:300] = 1e30
    waveform = decode_audio(sound_file(broken, subtype="FLOAT"), MAX)
    assert np.isfinite(waveform).all()
    assert waveform.max() <= 1
    assert np.abs(waveform[100:103]).max() < 0.02
    assert np.abs(waveform[400:] - (tone(1)[400:])).max() < 0.02


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"])
def test_every_sample_format_is_decoded_to_the_same_waveform(subtype: str):
    waveform = decode_audio(sound_file(tone(1), subtype=subtype), MAX)
    assert np.abs(waveform - tone(1)).max() < 0.02


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_the_duration_does_not_depend_on_the_sample_rate(rate: int):
    waveform = decode_audio(sound_file(tone(2.5, rate), rate), MAX)
    assert seconds(waveform) == pytest.approx(2.5, abs=0.001)
    assert np.abs(waveform - tone(2.5)[: len(waveform)])[500:-500].max() < 0.01


def test_channels_are_averaged_to_mono():
    left, right = tone(1, hertz=300), tone(1, hertz=1_000)
    waveform = decode_audio(sound_file(np.stack([left, right], axis=1)), MAX)
    assert np.abs(waveform - (left + right) / 2).max() < 0.001


def test_a_wav_file_without_a_length_in_its_header_is_decoded_to_the_end():
    data = bytearray(sound_file(tone(2)))
    for length in (0, 0xFFFFFFFF):
        data[4:8] = data[40:44] = struct.pack("<I", length)
        assert seconds(decode_audio(bytes(data), MAX)) == 2


def test_overlong_audio_is_rejected_early_and_an_hour_is_decoded_in_proportional_memory():
    hour = sound_file(np.zeros(3600 * 8_000, np.float32), 8_000, "FLAC")
    tracemalloc.start()
    try:
        with pytest.raises(AudioTooLong, match="60 seconds"):
            decode_audio(hour, 60)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
        waveform = decode_audio(hour, 3600)
        assert tracemalloc.get_traced_memory()[1] < 1.4 * waveform.nbytes
    finally:
        tracemalloc.stop()
    assert seconds(waveform) == pytest.approx(3600, abs=0.01)


def test_real_recordings_have_the_durations_in_their_manifest(real_data: Path):
    folder = real_data / "speech-samples"
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if not row["file"].endswith(".raw")]
    off = {
        row["file"]: (length, row["duration"])
        for row in rows
        if abs((length := seconds(decode_audio((folder / row["file"]).read_bytes(), 600))) - float(row["duration"]))
        > 0.1
    }
    assert len(rows) > 50
    assert not off


def test_eight_channels_are_decoded():
    sound = tone(1.0, 48_000)
    waveform = decode_audio(ffmpeg_file(sound, 48_000, "mp4", "aac", layout="7.1"), 60)
    assert abs(seconds(waveform) - 1.0) < 0.1
    assert np.abs(waveform).max() > 0.01


def test_a_title_that_is_not_valid_utf_8_is_ignored():
    file = ffmpeg_file(tone(1.0, 48_000), 48_000, "webm", "libopus", title="a title")
    assert decode_audio(file.replace(b"a title", b"\x80 title"), 60).size
