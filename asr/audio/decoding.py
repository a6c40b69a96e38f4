"""Decoding: audio files of any common format to mono float32 samples at 16 kHz."""

import io
import logging
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from asr.audio.mixing import Mixer
from asr.audio.samples import SampleBuffer, release_pages
from asr.types import SAMPLE_RATE, Waveform
from hearsay.audio.formats import FORMAT_NAMES, SAMPLE_RATES
from hearsay.audio.reading import NOT_THIS_READER, Samples, links_of, readers_of, starts_after_junk
from hearsay.errors import AudioTooLong, EmptyAudio, NotAudio

log = logging.getLogger(__name__)

NOT_AUDIO: Final = f"The file is not audio, or it is damaged; send one of these formats: {FORMAT_NAMES}."

_LOUDEST: Final = 8.0
"""Samples of an array may overshoot full scale a little. Larger ones are on another scale, such as 16-bit integers."""

_ABSURD: Final = 2.0**31
"""Larger samples are damaged and become 0: even float files contain at most the values of 32-bit integers."""

_COMMON_PEAK: Final = 99.9
"""Percentile of the samples' magnitudes that a click exceeds at least four times."""

_CLICK: Final = 4.0
_MOST_RANKED: Final = 1 << 20


def decode_audio(data: bytes, max_seconds: float, name: str = "the recording") -> Waveform:
    """The waveform of a file: channels mixed, resampled to `SAMPLE_RATE`, mean (DC offset) removed.

    Reads all of `hearsay.audio.formats.FORMATS`, on the time line that a player shows: gaps and a late start are
    silence. Of several tracks it takes the default one, of a chained Ogg file all links. Bytes before the first frame
    are skipped. Of a truncated or damaged file it returns what can be decoded. NaN, infinite and absurd samples become
    0; a file that exceeds full scale is scaled down. Silence is a waveform of zeros. Channels that cancel each other
    are logged under the recording's ``name``. Raises `NotAudio`, `EmptyAudio`, or `AudioTooLong` as soon as more than
    ``max_seconds`` have been decoded.
    """
    if not data:
        raise EmptyAudio("The file is empty (0 bytes); record or upload it again.")
    is_audio = False
    for start in chain((0,), starts_after_junk(data)):
        found = [_link(link, max_seconds) for link in links_of(data[start:])]
        sounds = [sound for sound in found if sound is not None]
        is_audio = is_audio or bool(sounds)
        if any(len(sound.samples) for sound in sounds):
            return _whole(sounds, max_seconds, name)
    if is_audio:
        raise EmptyAudio("The file contains no audio (0 samples); record or upload it again.")
    raise NotAudio(NOT_AUDIO)


def _link(data: bytes, max_seconds: float) -> "_Sound | None":
    """The result of the first reader that reaches the end, else of the one that gets furthest; None without any."""
    best: _Sound | None = None
    for reader in readers_of(data):
        sound = _Sound(max_seconds)
        try:
            for rate, block in reader(data):
                sound.add(rate, block)
        except NOT_THIS_READER:
            if not sound.frames:
                continue
            is_whole = False
        else:
            is_whole = sound.frames > 0
        sound.finish()
        if best is None or len(sound.samples) > len(best.samples):
            best = sound
        if is_whole:
            break
    return best


def _whole(sounds: "Sequence[_Sound]", max_seconds: float, name: str) -> Waveform:
    """The audio of all links of a file as one waveform."""
    samples, *others = (sound.samples for sound in sounds)
    for other in others:
        for block in other.blocks():
            samples.append(block)
    if len(samples) > max_seconds * SAMPLE_RATE + 1:
        raise _too_long(max_seconds)
    if cancelled := sum(sound.cancelled for sound in sounds):
        log.warning(
            "%s: its channels cancel each other when mixed, so the loudest one was used for %.1f of %.1f s",
            name, cancelled, len(samples) / SAMPLE_RATE,
        )  # fmt: skip
    _level(samples)
    return samples.waveform()


def _level(samples: SampleBuffer) -> None:
    """Remove the DC offset, and bring samples within full scale: scaled down as a whole, with single clicks clipped."""
    if not len(samples):
        return
    whole = samples.waveform()
    mean = whole.mean()
    ranked = np.abs(whole[:: 1 + len(samples) // _MOST_RANKED] - mean)
    release_pages(whole)
    del whole
    peaks = [0.0]

    def centre(block: Waveform) -> None:
        block -= mean
        peaks.append(float(max(block.max(), -block.min())))

    samples.change(centre)
    if (peak := max(peaks)) > 1:
        scale = min(peak, max(1.0, _CLICK * float(np.percentile(ranked, _COMMON_PEAK))))

        def scale_down(block: Waveform) -> None:
            block /= scale
            block.clip(-1, 1, out=block)

        samples.change(scale_down)


class _Sound:
    """Decoded samples at `SAMPLE_RATE`. Memory holds no more than their buffer and one block."""

    def __init__(self, max_seconds: float) -> None:
        self.samples = SampleBuffer()
        self.frames = 0
        self.cancelled = 0.0
        self._seconds_before = 0.0  # of other rates
        self._frames_of_kind = 0
        self._max_seconds = max_seconds
        self._kind: tuple[int, int] | None = None
        self._mixer: Mixer
        self._resampler: soxr.ResampleStream

    def add(self, rate: int, block: Samples) -> None:
        """Add a block, resampled from its own rate; raises `AudioTooLong`, and `NotAudio` for an invalid rate."""
        if not len(block):
            return
        if self._kind != (rate, block.shape[1]):
            self.finish()
            self._kind = rate, block.shape[1]
            self._frames_of_kind = 0
            self._mixer, self._resampler = Mixer(*self._kind), _resampler(rate)
        self.frames += len(block)
        self._frames_of_kind += len(block)
        if self._seconds_before + self._frames_of_kind / rate > self._max_seconds:
            raise _too_long(self._max_seconds)
        valid = np.nan_to_num(block, nan=0, posinf=0, neginf=0)
        valid[np.abs(valid) > _ABSURD] = 0
        self.samples.append(self._resampler.resample_chunk(self._mixer.mixed(valid)))

    def finish(self) -> None:
        """Add what the mixer and the resampler still hold."""
        if self._kind is None:
            return
        self.samples.append(self._resampler.resample_chunk(self._mixer.rest(), last=True))
        self.cancelled += self._mixer.cancelled
        self._seconds_before += self._frames_of_kind / self._kind[0]
        self._kind = None


def _too_long(max_seconds: float) -> AudioTooLong:
    return AudioTooLong(
        f"The audio is longer than {max_seconds:g} seconds, the maximum; split it, or raise MAX_CLIP_SECONDS."
    )


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
    sound = _Sound(max_seconds)
    sound.add(int(rate), _as_floats(samples)[:, None])
    sound.finish()
    if not sound.samples:
        raise EmptyAudio("The array is empty (0 samples).")
    return _whole([sound], max_seconds, "the array")


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


def _resampler(rate: int) -> soxr.ResampleStream:
    if rate not in SAMPLE_RATES:
        raise NotAudio(f"The file has an invalid sample rate, {rate} Hz; convert it to wav or flac.")
    return soxr.ResampleStream(rate, SAMPLE_RATE, 1)


def wav_of(waveform: Waveform) -> bytes:
    """The waveform as a WAV file, in bytes."""
    file = io.BytesIO()
    soundfile.write(file, waveform, SAMPLE_RATE, format="WAV", subtype="FLOAT")
    return file.getvalue()
