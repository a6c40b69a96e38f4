"""Duration and first word time of one sentence in every container, against FFmpeg's own figures.

    python bench/formats.py [CLIP] [--json]

The sentence is written into each format by FFmpeg's libraries, in variants that occur in practice: unchanged, with
video that starts 4 s before the audio, with a gap of 5 s in the time stamps, chained, and preceded by other bytes.
``expected`` is what FFmpeg gives with ``aresample=async=1:first_pts=0``: its frames are placed at their time stamps.
The first word is the first point within 20 dB of the peak, since that is the same in every format.
"""

import argparse
import itertools
import json
import sys
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Final

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)


import av  # noqa: E402
import numpy as np  # noqa: E402

from asr.audio.decoding import decode_audio  # noqa: E402
from asr.types import SAMPLE_RATE, Waveform  # noqa: E402

ENCODED: Final = {
    "wav": ("wav", "pcm_s16le"), "wav, mu-law": ("wav", "pcm_mulaw"), "flac": ("flac", "flac"),
    "mp3": ("mp3", "libmp3lame"), "ogg, vorbis": ("ogg", "libvorbis"), "ogg, opus": ("ogg", "libopus"),
    "mp4, aac": ("mp4", "aac"), "mov, pcm": ("mov", "pcm_s16le"), "aac": ("adts", "aac"),
    "webm, opus": ("webm", "libopus"), "mkv, flac": ("matroska", "flac"), "aiff": ("aiff", "pcm_s16be"),
    "caf": ("caf", "pcm_s16le"), "au": ("au", "pcm_s16be"), "wma": ("asf", "wmav2"), "mpeg-ts, mp2": ("mpegts", "mp2"),
    "mpeg-ps, mp2": ("vob", "mp2"), "avi, pcm": ("avi", "pcm_s16le"), "flv, aac": ("flv", "aac"),
    "w64": ("w64", "pcm_s16le"), "voc": ("voc", "pcm_u8"), "wavpack": ("wv", "wavpack"), "tta": ("tta", "tta"),
    "ac3": ("ac3", "ac3"), "3gp, amr": ("3gp", "aac"),
}  # fmt: skip
RATE: Final = 48_000
WITH_PICTURE: Final = ("mp4, aac", "mov, pcm", "mkv, flac", "mpeg-ts, mp2", "wma", "avi, pcm", "flv, aac")
WITH_GAP: Final = ("mp4, aac", "mov, pcm", "webm, opus", "mkv, flac", "mpeg-ts, mp2")
CHAINED: Final = ("ogg, vorbis", "ogg, opus", "mp3", "aac")
JUNK: Final = b"<html>junk</html>\r\n" * 40


def written(kind: str, codec: str, starts: dict[float, Waveform], *, has_picture: bool = False) -> bytes:
    """A file with audio at 48 kHz that starts at these seconds."""
    file = BytesIO()
    with av.open(file, "w", format=kind) as container:
        picture = container.add_stream("mpeg4" if kind != "flv" else "flv1", rate=5) if has_picture else None
        if picture is not None:
            picture.width = picture.height = 64
            picture.pix_fmt = "yuv420p"
        track = container.add_stream(codec, rate=RATE, layout="mono")
        packets = []
        if picture is not None:
            for number in range(5 * 10):
                frame = av.VideoFrame(64, 64, "yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, 5)
                packets += picture.encode(frame)
            packets += picture.encode(None)
        resampler = av.AudioResampler(format=track.codec_context.format.name, layout="mono", rate=RATE)
        size = track.codec_context.frame_size or 1024
        for start, sound in starts.items():
            for first in range(0, len(sound) - size + 1, size):
                frame = av.AudioFrame.from_ndarray(sound[None, first : first + size], format="fltp", layout="mono")
                frame.sample_rate = RATE
                for ready in resampler.resample(frame):
                    ready.pts, ready.time_base = round(start * RATE) + first, Fraction(1, RATE)
                    packets += track.encode(ready)
        packets += track.encode(None)
        for packet in sorted(
            (packet for packet in packets if packet.dts is not None), key=lambda one: one.dts * one.time_base
        ):
            container.mux(packet)
    return file.getvalue()


def by_ffmpeg(data: bytes) -> Waveform:
    """The audio on FFmpeg's time line, by its own filter."""
    with av.open(BytesIO(data)) as container:
        track = next(iter(container.streams.audio))
        graph = av.filter.Graph()
        begin = graph.add_abuffer(template=track)
        filters = [
            begin,
            graph.add("aresample", "async=1:first_pts=0"),
            graph.add("aformat", "sample_fmts=flt:channel_layouts=mono:sample_rates=16000"),
            graph.add("abuffersink"),
        ]
        for one, following in itertools.pairwise(filters):
            one.link_to(following)
        graph.configure()
        zero = round((container.start_time or 0) / 1e6 / track.time_base)
        parts = []

        def pull() -> None:
            while True:
                try:
                    frame = filters[-1].pull()
                except (av.error.BlockingIOError, av.error.EOFError):
                    return
                parts.append(np.frombuffer(memoryview(frame.planes[0]), np.float32, frame.samples))

        for frame in container.decode(track):
            if frame.pts is not None:
                frame.pts -= zero
            begin.push(frame)
            pull()
        begin.push(None)
        pull()
    return np.concatenate(parts)


def onset(sound: Waveform) -> float:
    return float(np.argmax(np.abs(sound) > np.abs(sound).max() / 10)) / SAMPLE_RATE


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("clip", type=Path, nargs="?", default=PROJECT / "hearsay/samples/sample-000000.mp3")
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    import soxr

    sound = soxr.resample(decode_audio(given.clip.read_bytes(), 600), SAMPLE_RATE, RATE)
    files = {}
    for name, (kind, codec) in ENCODED.items():
        files[name] = lambda kind=kind, codec=codec: written(kind, codec, {0: sound})
        if name in WITH_PICTURE:
            files[f"{name}, 4 s late"] = lambda kind=kind, codec=codec: written(
                kind, codec, {4: sound}, has_picture=True
            )
        if name in WITH_GAP:
            files[f"{name}, gap of 5 s"] = lambda kind=kind, codec=codec: written(
                kind, codec, {0: sound, 5 + len(sound) / RATE: sound}
            )
        if name in CHAINED:
            files[f"{name}, twice"] = lambda kind=kind, codec=codec: written(kind, codec, {0: sound}) * 2
    for name in ("mp3", "flac", "wav"):
        files[f"{name}, behind junk"] = lambda name=name: JUNK + written(*ENCODED[name], {0: sound})
    rows = []
    for name, make in files.items():
        row: dict[str, object] = {"format": name}
        try:
            data = make()
            own = decode_audio(data, 600)
            row |= {"seconds": round(len(own) / SAMPLE_RATE, 2), "first_word": round(onset(own), 2)}
            theirs = by_ffmpeg(data)
            row |= {"ffmpeg_seconds": round(len(theirs) / SAMPLE_RATE, 2), "ffmpeg_first_word": round(onset(theirs), 2)}
        except Exception as problem:  # noqa: BLE001  # a row without figures says so
            row["problem"] = str(problem)[:60]
        rows.append(row)
        if not given.json:
            print(
                "| "
                + " | ".join(
                    str(row.get(key, ""))
                    for key in ("format", "seconds", "ffmpeg_seconds", "first_word", "ffmpeg_first_word", "problem")
                )
                + " |",
                flush=True,
            )
    if given.json:
        print(json.dumps({"formats": rows}))


if __name__ == "__main__":
    main()
