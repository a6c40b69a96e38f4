"""Headerless audio whose format is given explicitly."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from asr.audio.decoding import decode_audio
from asr.errors import BadSource
from asr.pipeline.assembly import open_source
from asr.sources.listing import remarks_of
from hearsay.audio.headerless import ENCODINGS, Headerless
from hearsay.errors import BadArgument
from tests.support.recordings import tone

_OF_SOUNDFILE = {
    "u8": ("PCM_U8", "FILE"), "s16le": ("PCM_16", "LITTLE"), "s24le": ("PCM_24", "LITTLE"),
    "s32le": ("PCM_32", "LITTLE"), "f32le": ("FLOAT", "LITTLE"), "s16be": ("PCM_16", "BIG"),
    "s24be": ("PCM_24", "BIG"), "s32be": ("PCM_32", "BIG"), "f32be": ("FLOAT", "BIG"),
    "mulaw": ("ULAW", "FILE"), "alaw": ("ALAW", "FILE"),
}  # fmt: skip


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("channels", [1, 2])
def test_every_encoding_is_decoded(encoding: str, channels: int, tmp_path: Path):
    sound = tone(1.5, rate=8000)
    subtype, endian = _OF_SOUNDFILE[encoding]
    soundfile.write(tmp_path / "a.raw", np.column_stack([sound] * channels), 8000, subtype, endian=endian, format="RAW")
    data = (tmp_path / "a.raw").read_bytes()
    waveform = decode_audio(Headerless(encoding, 8000, channels).with_header(data), 10)
    with_header = tmp_path / "b.wav"
    soundfile.write(with_header, sound, 8000, "FLOAT")
    expected = decode_audio(with_header.read_bytes(), 10)
    assert len(waveform) == len(expected)
    assert np.abs(waveform - expected).max() < 0.02


def test_an_incomplete_last_frame_is_left_out():
    assert len(Headerless("s16le", 16_000, 2).with_header(b"\1" * 4003)) == 44 + 4000
    assert len(decode_audio(Headerless("s16le", 16_000).with_header(b"\0\1\2" * 1001), 10)) == 1501


@pytest.mark.parametrize("text", ["s16le", "s17le:8000", "s16le:8000:", "s16le:x", "s16le:8000:1:1", "", "s16le:-8"])
def test_another_form_is_refused_with_the_encodings(text: str):
    with pytest.raises(BadArgument, match=r"ENCODING:RATE or ENCODING:RATE:CHANNELS, such as s16le:16000, not .*mulaw"):
        Headerless.parse(text)


@pytest.mark.parametrize("text", ["s16le:10", "s16le:9000000", "s16le:8000:0", "s16le:8000:65"])
def test_impossible_numbers_are_refused(text: str):
    with pytest.raises(BadArgument, match="the rate must be 1,000 to 768,000 Hz, and the channels 1 to 64"):
        Headerless.parse(text)


def test_a_folder_has_such_files_only_if_their_form_is_named(tmp_path: Path):
    folder = tmp_path / "calls"
    folder.mkdir()
    for name in ("a.raw", "b.UL", "c.wav", "notes.txt"):
        (folder / name).write_bytes(b"\1" * 100)

    def listed(headerless: str | None) -> dict[str, int]:
        listing = open_source(str(folder), None, None, allow_missing=False, headerless=headerless).list()
        return {clip.row.id: len(clip.read()) for clip in listing.clips if clip.read}

    assert listed("mulaw:8000") == {"calls/a.raw": 124, "calls/b.UL": 124, "calls/c.wav": 100}
    assert listed(None) == {"calls/c.wav": 100}
    plain = open_source(str(folder), None, None, allow_missing=False).list()
    assert list(remarks_of(plain)) == ["3 files skipped, not audio by their extensions: .UL, .raw, .txt"]
    for options in ({"layout": "nemo"}, {"columns": {"a": "text"}}):
        with pytest.raises(BadSource, match="--headerless is for a local folder of audio files"):
            open_source(str(folder), None, None, allow_missing=False, headerless="mulaw:8000", **options)
