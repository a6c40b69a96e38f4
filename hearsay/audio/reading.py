"""Readers of audio files: blocks of samples on the time line of the file, by libsndfile or FFmpeg.

Times are those that a player shows: where a container's time stamps leave a gap, or its audio starts late, the blocks
contain silence.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise, tee
from typing import Any, Final

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from hearsay.audio.formats import FORMATS, SAMPLE_RATES

Samples = NDArray[np.float32]
"""Samples of shape (frames, channels), full scale at -1 and 1; those of a float file may be larger."""

Block = tuple[int, Samples]
"""A block of decoded audio: its sample rate, and its samples."""

BlockReader = Callable[[bytes], Iterator[Block]]
"""Decodes a file; raises one of `NOT_THIS_READER` if it cannot, or if it stops before the end of the audio."""


class StoppedEarly(Exception):
    """A reader stopped before the end of the audio that the header announces."""


NOT_THIS_READER: Final = (soundfile.LibsndfileError, av.error.FFmpegError, LookupError, StoppedEarly)

BLOCK_FRAMES: Final = 1 << 16

# All other files go to FFmpeg directly: libsndfile would try them as MP3, and libmpg123 prints warnings to stderr.
_SOUNDFILE_MAGIC: Final = (
    b"RIFF", b"RIFX", b"RF64", b"fLaC", b"OggS", b"FORM", b"caff", b".snd", b"NIST_1A", b"riff\x2e\x91\xcf\x11",
    b"Creative Voice File",
)  # fmt: skip

# FFmpeg also opens playlists, which refer to other files and URLs; an upload must not make the server read those.
_FFMPEG_OPTIONS: Final = {
    "format_whitelist": ",".join(each.demuxer for each in FORMATS),
    "protocol_whitelist": "none",
}

_WITH_ZERO: Final = frozenset({"mov", "matroska"})
"""Demuxers whose time stamps count from the start that a player shows; those of others start anywhere."""

_GAP: Final = 0.1
"""Seconds by which time stamps may differ from the samples before silence is inserted, as FFmpeg's ``async=1`` does."""

_JUNK: Final = 1 << 20
"""Bytes before the first frame that are searched for the start of a file."""

_START: Final = re.compile(
    rb"(?:RIFF|RF64).{4}WAVE|fLaC\0\0\0\x22|OggS\0\x02|FORM.{4}AIF[FC]|caff\0\x01|\x1aE\xdf\xa3|ID3[\x02-\x04]\0"
    rb"|\0\0\0.ftyp|NIST_1A\n|\xff[\xe2-\xff][\x10-\xef]",
    re.DOTALL,
)
_CHAINED_FRAMES: Final = 3
"""Consecutive frames that distinguish MP3 or AAC from other bytes."""


def readers_of(data: bytes) -> tuple[BlockReader, ...]:
    """The readers to try for a file, in this order."""
    return (_soundfile_blocks, _ffmpeg_blocks) if data.startswith(_SOUNDFILE_MAGIC) else (_ffmpeg_blocks,)


def links_of(data: bytes) -> list[bytes]:
    """The links of a chained Ogg file (RFC 3533, section 4), each of which is a complete file; any other file whole.

    Radio streams and joined recordings are chained. The links may differ in codec, sample rate and channels.
    """
    if not data.startswith(b"OggS"):
        return [data]
    starts = []
    follows_first = True
    for page in re.finditer(rb"OggS\0(.)", data, re.DOTALL):
        is_first = bool(page[1][0] & 2)
        if is_first and not follows_first:
            starts.append(page.start())
        follows_first = is_first
    return [data[start:end] for start, end in pairwise([0, *starts, len(data)])]


def starts_after_junk(data: bytes) -> Iterator[int]:
    """Possible start positions of a file with other bytes before its first frame, in order."""
    for found in _START.finditer(data, 1, min(len(data), _JUNK)):
        if found[0][0] != 0xFF or _frames_follow(data, found.start()):
            yield found.start()


def _frames_follow(data: bytes, start: int) -> bool:
    """Whether several MP3 or AAC frames follow each other from here."""
    for _ in range(_CHAINED_FRAMES):
        length = _frame_length(data[start : start + 6])
        if not length:
            return False
        start += length
    return True


_MP3_RATES: Final = (44_100, 48_000, 32_000)
_MP3_KILOBITS: Final = {
    True: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""By bit-rate index from 1 on, for MPEG 1 and for MPEG 2 and 2.5 (ISO 11172-3 and 13818-3, layer III)."""


def _frame_length(header: bytes) -> int:
    """The length of a frame of AAC (ADTS, ISO 13818-7) or MP3 in bytes; 0 if this is not the header of a frame."""
    if len(header) < 6 or header[0] != 0xFF:
        return 0
    if header[1] & 0xF6 == 0xF0:
        return (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bit_rate, rate = header[2] >> 4, header[2] >> 2 & 3
    if header[1] & 0xE0 != 0xE0 or version == 1 or layer != 1 or rate == 3 or bit_rate in (0, 15):
        return 0
    is_first = version == 3
    hertz = _MP3_RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    return (144 if is_first else 72) * _MP3_KILOBITS[is_first][bit_rate - 1] * 1000 // hertz + (header[2] >> 1 & 1)


class _Seekable(io.BytesIO):
    """A file that ignores a seek before its start, which a damaged header may cause, as files in C do."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        try:
            return super().seek(offset, whence)
        except ValueError:
            return self.tell()


def _soundfile_blocks(data: bytes) -> Iterator[Block]:
    with soundfile.SoundFile(_Seekable(data)) as file:
        frames = 0
        while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
            frames += len(block)
            yield file.samplerate, block
        if frames < file.frames:
            raise StoppedEarly


def _ffmpeg_blocks(data: bytes) -> Iterator[Block]:
    with av.open(io.BytesIO(data), "r", options=_FFMPEG_OPTIONS, metadata_errors="replace") as container:
        stream = _default_track(container.streams.audio)
        has_zero = not _WITH_ZERO.isdisjoint(container.format.name.split(","))
        zero = 0.0 if has_zero else (container.start_time or 0) / av.time_base
        decoded = chain.from_iterable(_frames(stream, packet) for packet in container.demux(stream))
        yield from _blocks(_on_time_line((frame for frame in decoded if frame.sample_rate in SAMPLE_RATES), zero))


def _default_track(tracks: "Iterable[av.AudioStream]") -> "av.AudioStream":
    """The track that a player starts with: the first that is marked as default, else the first with a known codec."""
    known = [track for track in tracks if track.codec_context is not None]
    default = [track for track in known if track.disposition & av.stream.Disposition.default]
    return (default or known)[0]


def _frames(stream: av.AudioStream, packet: "av.Packet[av.AudioStream]") -> list[av.AudioFrame]:
    try:
        return stream.decode(packet)
    except av.error.FFmpegError:
        return []  # skip a damaged packet


def _on_time_line(frames: Iterable[av.AudioFrame], zero: float) -> Iterator[tuple[float, av.AudioFrame]]:
    """The frames, each with the seconds of silence before it: where their times, counted from ``zero``, leave a gap.

    A time that the next frame contradicts is damaged and ignored. Where times jump back, as at the joints of a
    concatenated file, they continue from there, so that no audio is lost.
    """
    position, offset = 0.0, -zero
    ahead, frames = tee(frames)
    for frame, following in zip(frames, chain(islice(ahead, 1, None), (None,)), strict=False):
        gap = 0.0 if frame.time is None else frame.time + offset - position
        silence = 0.0
        if abs(gap) > _GAP and _confirms(following, frame):
            if gap > 0:
                silence = gap
            else:
                offset -= gap
        position += silence + frame.samples / frame.sample_rate
        yield silence, frame


def _confirms(following: av.AudioFrame | None, frame: av.AudioFrame) -> bool:
    """Whether the next frame has a time that is not before that of this one."""
    if following is None or following.time is None or frame.time is None:
        return False
    return following.time >= frame.time


def _blocks(frames: Iterable[tuple[float, av.AudioFrame]]) -> Iterator[Block]:
    """The samples of frames, and the silence before them, in blocks of at least `BLOCK_FRAMES` where they are alike.

    An MP3 frame has 24 ms: handling each one separately would take longer than decoding.
    """
    alike: list[av.AudioFrame] = []
    count = 0
    try:
        for silence, frame in frames:
            if alike and (silence or count >= BLOCK_FRAMES or _kind(frame) != _kind(alike[0])):
                yield _block(alike)
                alike, count = [], 0
            if silence:
                yield from _silence(silence, frame)
            alike.append(frame)
            count += frame.samples
    except NOT_THIS_READER:
        if alike:
            yield _block(alike)
        raise
    if alike:
        yield _block(alike)


def _kind(frame: av.AudioFrame) -> tuple[int, int, str]:
    return frame.sample_rate, frame.layout.nb_channels, frame.format.name


def _silence(seconds: float, like: av.AudioFrame) -> Iterator[Block]:
    left = round(seconds * like.sample_rate)
    while left > 0:
        yield like.sample_rate, np.zeros((min(left, BLOCK_FRAMES), like.layout.nb_channels), np.float32)
        left -= BLOCK_FRAMES


_KINDS: Final[dict[str, tuple[Any, float, float]]] = {
    "u8": (np.uint8, 128.0, 128.0),
    "s16": (np.int16, 0.0, 2.0**15),
    "s32": (np.int32, 0.0, 2.0**31),
    "s64": (np.int64, 0.0, 2.0**63),
    "flt": (np.float32, 0.0, 1.0),
    "dbl": (np.float64, 0.0, 1.0),
}
"""Sample formats of FFmpeg: type, value of silence, and full scale."""


def _block(frames: Sequence[av.AudioFrame]) -> Block:
    """The samples of frames of one kind. PyAV's ``to_ndarray`` reads beyond the last channel of some files."""
    rate, channels, _ = _kind(frames[0])
    form = frames[0].format
    kind, silence, full_scale = _KINDS[form.packed.name]
    planes = channels if form.is_planar else 1
    raw = np.stack([_joined(frames, plane, kind, channels // planes) for plane in range(planes)], axis=1)
    return rate, ((raw.reshape(-1, channels) - silence) / full_scale).astype(np.float32)


def _joined(frames: Sequence[av.AudioFrame], plane: int, kind: Any, channels: int) -> NDArray[Any]:
    """The samples of one plane of all frames, with ``channels`` interleaved channels."""
    return np.concatenate(
        [np.frombuffer(memoryview(own.planes[plane]), kind, own.samples * channels) for own in frames]
    )
