"""Synthetic sounds, and audio files of them."""

from io import BytesIO

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from asr.audio.vad import detect_speech
from asr.types import DecodedAudio

Samples = NDArray[np.float32]


def tone(length: float, rate: int = 16_000, hertz: float = 440, peak: float = 0.3) -> Samples:
    """A tone of this length in seconds, whose loudness varies so that its halves differ."""
    time = np.arange(round(length * rate)) / rate
    return (peak * np.sin(2 * np.pi * hertz * time) * (1 + np.sin(5 * time)) / 2).astype(np.float32)


def bursts(*loud_from_to: tuple[float, float], length: float, floor: float = 0.001) -> Samples:
    """Noise at 16 kHz that is loud in the given seconds and at its floor elsewhere."""
    sound = np.random.default_rng(7).standard_normal(round(length * 16_000)).astype(np.float32)
    level = np.full(len(sound), floor, np.float32)
    for start, end in loud_from_to:
        level[round(start * 16_000) : round(end * 16_000)] = 0.1
    return sound * level


def audio_of(*waveforms: Samples) -> list[DecodedAudio]:
    """The waveforms as speech and emotion models take them, each with its speech segments."""
    return list(map(detect_speech, waveforms))


def sound_file(samples: Samples, rate: int = 16_000, kind: str = "WAV", subtype: str | None = None) -> bytes:
    """A file as libsndfile writes it; samples of shape (frames,) or (frames, channels)."""
    file = BytesIO()
    soundfile.write(file, samples, rate, format=kind, subtype=subtype)
    return file.getvalue()


def ffmpeg_file(
    samples: Samples, rate: int, kind: str, codec: str, layout: str = "mono", title: str | None = None
) -> bytes:
    """A file as FFmpeg writes it, of a mono sound."""
    file = BytesIO()
    with av.open(file, "w", format=kind) as container:
        if title is not None:
            container.metadata["title"] = title
        stream = container.add_stream(codec, rate=rate, layout=layout)
        whole = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="fltp", layout="mono")
        whole.sample_rate = rate
        converted = av.AudioResampler(format=stream.codec_context.format.name, layout=layout, rate=rate).resample(whole)
        for frame in (*converted, None):
            container.mux(stream.encode(frame))
    return file.getvalue()
