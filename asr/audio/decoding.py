"""Decoding: audio files of any common format to mono float32 samples at 16 kHz."""

import io
from collections.abc import Iterator
from typing import Any, Final

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from asr.types import SAMPLE_RATE, Waveform
from hearsay.errors import AudioTooLong, EmptyAudio, NotAudio

# All other files go to FFmpeg directly: libsndfile would try them as MP3, and libmpg123 prints warnings to stderr.
_SOUNDFILE_MAGIC: Final = (b"RIFF", b"RIFX", b"RF64", b"fLaC", b"OggS", b"FORM", b"caff", b".snd")

NOT_AUDIO: Final = "The file is not audio, or it is damaged; send wav, flac, mp3, ogg, opus, m4a, aac, webm or aiff."

_BLOCK_FRAMES: Final = 1 << 16
_SAMPLE_RATES: Final = range(1_000, 768_001)

_LOUDEST: Final = 8.0
"""Samples may overshoot full scale a little. Larger ones are on another scale, such as 16-bit integers."""

# FFmpeg also opens playlists, which refer to other files and URLs; an upload must not make the server read those.
_FFMPEG_FORMATS: Final = "mov,aac,matroska,mp3,ogg,wav,w64,flac,aiff,caf,asf,amr,mpegts,au"
_FFMPEG_OPTIONS: Final = {"format_whitelist": _FFMPEG_FORMATS, "protocol_whitelist": "none"}

_NOT_THIS_READER: Final = (soundfile.LibsndfileError, av.error.FFmpegError, LookupError)

Block = tuple[int, NDArray[np.float32]]
"""A block of decoded audio: its sample rate, and samples of shape (frames, channels)."""


def decode_audio(data: bytes, max_seconds: float) -> Waveform:
    """The waveform of a file: channels averaged, resampled to `SAMPLE_RATE`, mean (DC offset) removed.

    Reads wav, flac, mp3, ogg, opus, m4a, aac, webm and aiff. Of a truncated or damaged file it returns what can be
    decoded. NaN and infinite samples become 0, overshoots are clipped at full scale. Silence is a waveform of zeros.
    Raises `NotAudio`, `EmptyAudio`, or `AudioTooLong` as soon as more than ``max_seconds`` have been decoded.
    """
    if not data:
        raise EmptyAudio("The file is empty (0 bytes); record or upload it again.")
    is_audio = False
    readers = (_soundfile_blocks, _ffmpeg_blocks) if data.startswith(_SOUNDFILE_MAGIC) else (_ffmpeg_blocks,)
    for blocks_of in readers:
        try:
            waveform = _joined(blocks_of(data), max_seconds)
        except _NOT_THIS_READER:
            continue
        is_audio = True
        if waveform.size:
            return waveform
    if is_audio:
        raise EmptyAudio("The file contains no audio (0 samples); record or upload it again.")
    raise NotAudio(NOT_AUDIO)


def decode_samples(samples: NDArray[Any], rate: float, max_seconds: float) -> Waveform:
    """The waveform of an array of mono samples at ``rate`` Hz, processed like a file.

    Integers are scaled by the full scale of their type. Raises `NotAudio` for an array of another shape or scale, and
    `EmptyAudio` and `AudioTooLong` as `decode_audio` does.
    """
    if samples.ndim != 1:
        raise NotAudio(
            f"Samples must be one-dimensional, not of shape {samples.shape}; pass one channel, or the mean of all."
        )
    if rate != int(rate):
        raise NotAudio(f"The sampling rate must be a whole number, not {rate}; resample to 16000 first.")
    waveform = _joined(iter([(int(rate), _as_floats(samples)[:, None])]), max_seconds)
    if not waveform.size:
        raise EmptyAudio("The array is empty (0 samples).")
    return waveform


def _as_floats(samples: NDArray[Any]) -> NDArray[np.float32]:
    kind = samples.dtype
    if kind.kind == "i":
        return (samples / -float(np.iinfo(kind).min)).astype(np.float32)
    if kind.kind != "f":
        raise NotAudio(f"Samples must be floating-point numbers from -1 to 1, or signed integers, not {kind}.")
    peak = float(np.nanmax(np.abs(samples), initial=0.0, where=np.isfinite(samples)))
    if peak > _LOUDEST:
        raise NotAudio(f"Floating-point samples must be from -1 to 1, but these reach {peak:g}; scale them first.")
    return samples.astype(np.float32)


def _joined(blocks: Iterator[Block], max_seconds: float) -> Waveform:
    """All blocks as one waveform. Memory holds no more than the waveform and one block."""
    resampled = bytearray()
    resampler: soxr.ResampleStream | None = None
    frames = 0
    for rate, block in blocks:
        resampler = resampler or _resampler(rate)
        frames += len(block)
        if frames > max_seconds * rate:
            raise AudioTooLong(
                f"The audio is longer than {max_seconds:g} seconds, the maximum; split it, or raise MAX_CLIP_SECONDS."
            )
        mono = np.nan_to_num(block, nan=0, posinf=0, neginf=0).clip(-1, 1).mean(axis=1)
        resampled += resampler.resample_chunk(mono).tobytes()
    if resampler is None:
        return np.zeros(0, np.float32)
    resampled += resampler.resample_chunk(np.zeros(0, np.float32), last=True).tobytes()
    waveform: Waveform = np.frombuffer(resampled, np.float32)
    if waveform.size:
        waveform -= waveform.mean()
    return waveform.clip(-1, 1, out=waveform)


def _resampler(rate: int) -> soxr.ResampleStream:
    if rate not in _SAMPLE_RATES:
        raise NotAudio(f"The file has an invalid sample rate, {rate} Hz; convert it to wav or flac.")
    return soxr.ResampleStream(rate, SAMPLE_RATE, 1)


def wav_of(waveform: Waveform) -> bytes:
    """The waveform as a WAV file, in bytes."""
    file = io.BytesIO()
    soundfile.write(file, waveform, SAMPLE_RATE, format="WAV", subtype="FLOAT")
    return file.getvalue()


class _Seekable(io.BytesIO):
    """A file that ignores a seek before its start, which a damaged header may cause, as files in C do."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        try:
            return super().seek(offset, whence)
        except ValueError:
            return self.tell()


def _soundfile_blocks(data: bytes) -> Iterator[Block]:
    with soundfile.SoundFile(_Seekable(data)) as file:
        try:
            while len(block := file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
                yield file.samplerate, block
        except soundfile.LibsndfileError:
            return  # damaged from here on: keep what was decoded


def _ffmpeg_blocks(data: bytes) -> Iterator[Block]:
    with av.open(io.BytesIO(data), "r", options=_FFMPEG_OPTIONS, metadata_errors="replace") as container:
        stream = container.streams.audio[0]
        planar_floats = av.AudioResampler(format="fltp")
        for packet in container.demux(stream):
            for frame in _frames(stream, packet):
                for even in _evened(planar_floats, frame):
                    yield even.sample_rate, _channels(even)


def _frames(stream: av.AudioStream, packet: "av.Packet[av.AudioStream]") -> list[av.AudioFrame]:
    try:
        return stream.decode(packet)
    except av.error.FFmpegError:
        return []  # skip a damaged packet


def _evened(resampler: av.AudioResampler, frame: av.AudioFrame) -> list[av.AudioFrame]:
    try:
        return resampler.resample(frame)
    except (ValueError, av.error.FFmpegError):
        return []  # damage changed the format of this frame


def _channels(frame: av.AudioFrame) -> NDArray[np.float32]:
    """Samples of shape (frames, channels). PyAV's ``to_ndarray`` reads beyond the last channel of some files."""
    planes = frame.planes[: frame.layout.nb_channels]
    return np.stack([np.frombuffer(memoryview(plane), np.float32, frame.samples) for plane in planes], axis=1)
