"""Audio without a header: its encoding, sample rate and channels are named, and it gets the header of a format."""

import struct
from dataclasses import dataclass
from typing import Final

from hearsay.audio.formats import SAMPLE_RATES
from hearsay.errors import BadArgument

SUFFIXES: Final = frozenset({".raw", ".pcm", ".sln", ".ul", ".ulaw", ".al", ".alaw"})
"""Suffixes, in lower case, of files without a header."""

_LITTLE_ENDIAN: Final = {"u8": (1, 8), "s16le": (1, 16), "s24le": (1, 24), "s32le": (1, 32), "f32le": (3, 32)}
"""Tag and bits of a sample in a WAV file, by FFmpeg's name of the encoding."""

_OTHERS: Final = {"mulaw": 1, "s16be": 3, "s24be": 4, "s32be": 5, "f32be": 6, "alaw": 27}
"""Number of the encoding in an AU file."""

ENCODINGS: Final = (*_LITTLE_ENDIAN, *_OTHERS)
"""Names of the encodings, as FFmpeg has them."""

_MOST_CHANNELS: Final = 64


@dataclass(frozen=True, slots=True)
class Headerless:
    """What the header of a file would say: one of `ENCODINGS`, the sample rate in Hz, and the number of channels."""

    encoding: str
    rate: int
    channels: int = 1

    @classmethod
    def parse(cls, text: str) -> "Headerless":
        """``ENCODING:RATE`` or ``ENCODING:RATE:CHANNELS``, such as ``mulaw:8000``; raises `BadArgument`."""
        encoding, *numbers = text.split(":")
        if encoding not in ENCODINGS or len(numbers) not in (1, 2) or not all(map(str.isdecimal, numbers)):
            raise BadArgument(
                f"audio without a header is described as ENCODING:RATE or ENCODING:RATE:CHANNELS, such as s16le:16000, "
                f"not {text}; the encodings are {', '.join(ENCODINGS)}"
            )
        found = cls(encoding, *map(int, numbers))
        if found.rate not in SAMPLE_RATES or not 1 <= found.channels <= _MOST_CHANNELS:
            raise BadArgument(
                f"{text}: the rate must be {SAMPLE_RATES[0]:,} to {SAMPLE_RATES[-1]:,} Hz, and the channels 1 to "
                f"{_MOST_CHANNELS}"
            )
        return found

    def with_header(self, data: bytes) -> bytes:
        """The samples as a WAV file, or as an AU file if they are not little-endian; the last frame may be cut."""
        if self.encoding in _OTHERS:
            header = (24, len(data), _OTHERS[self.encoding], self.rate, self.channels)
            return struct.pack(">4s5I", b".snd", *header) + data
        tag, bits = _LITTLE_ENDIAN[self.encoding]
        frame = self.channels * bits // 8
        data = data[: len(data) // frame * frame]
        form = struct.pack("<4sI2H2I2H", b"fmt ", 16, tag, self.channels, self.rate, self.rate * frame, frame, bits)
        chunks = form + struct.pack("<4sI", b"data", len(data)) + data + b"\0" * (len(data) % 2)
        return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks), b"WAVE") + chunks
