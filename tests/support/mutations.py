"""Damaged audio files: cut, spliced, with bytes changed, repeated or lost; the same for the same seed."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final

from asr.audio.decoding import decode_audio
from tests.support.recordings import ffmpeg_file, sound_file

Mutation = Callable[[Random, bytearray, bytes], None]
"""Changes the first file, possibly with parts of the second."""


def whole_files(samples: Path) -> list[bytes]:
    """Audio files of the usual formats: sample clips, and one of them in other formats."""
    clips = [path.read_bytes() for path in sorted(samples.glob("*.mp3"))[:6]]
    waveform = decode_audio(clips[0], 60)
    by_libsndfile = [sound_file(waveform, kind=kind) for kind in ("WAV", "FLAC", "OGG", "AIFF", "CAF", "AU")]
    by_ffmpeg = [ffmpeg_file(waveform, 16_000, kind, codec) for kind, codec in (("mp4", "aac"), ("adts", "aac"))]
    webm = ffmpeg_file(waveform, 48_000, "webm", "libopus")
    return [*clips, *by_libsndfile, *by_ffmpeg, webm]


def mutated(files: Sequence[bytes], number: int, seed: int = 7) -> Iterator[bytes]:
    """This many damaged files, each made from one or two of the given ones."""
    random = Random(seed)
    for _ in range(number):
        file = bytearray(random.choice(files))
        for _ in range(random.choice((1, 1, 2, 5))):
            random.choice(MUTATIONS)(random, file, random.choice(files))
        yield bytes(file)


def _change_bytes(random: Random, file: bytearray, other: bytes) -> None:
    for _ in range(random.choice((1, 4, 32, 256))):
        if file:
            file[random.randrange(len(file))] = random.randrange(256)


def _change_the_head(random: Random, file: bytearray, other: bytes) -> None:
    for _ in range(random.choice((1, 3, 8))):
        if file:
            file[random.randrange(min(64, len(file)))] = random.choice((0, 1, 127, 128, 255))


def _cut(random: Random, file: bytearray, other: bytes) -> None:
    del file[random.randrange(len(file) + 1) :]


def _lose(random: Random, file: bytearray, other: bytes) -> None:
    start = random.randrange(len(file) + 1)
    del file[start : start + random.choice((1, 100, 3000))]


def _double(random: Random, file: bytearray, other: bytes) -> None:
    start = random.randrange(len(file) + 1)
    file[start:start] = file[start : start + random.choice((4, 512, 8000))]


def _blank(random: Random, file: bytearray, other: bytes) -> None:
    start = random.randrange(len(file) + 1)
    size = min(random.choice((4, 64, 2000)), len(file) - start)
    file[start : start + size] = bytes([random.choice((0, 255))]) * size


def _splice(random: Random, file: bytearray, other: bytes) -> None:
    file[random.randrange(len(file) + 1) :] = other[random.randrange(len(other)) :]


def _put_another_head(random: Random, file: bytearray, other: bytes) -> None:
    size = random.choice((4, 12, 48, 200))
    file[:size] = other[:size]


MUTATIONS: Final[tuple[Mutation, ...]] = (
    *(_change_bytes, _change_the_head, _cut, _lose, _double, _blank, _splice, _put_another_head),
)
