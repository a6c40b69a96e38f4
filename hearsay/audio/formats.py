"""The list of formats of all parts: folders, buckets, watching, the API, the page, spectrograms and documentation."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """A format of audio or video files: its suffixes in lower case, and the name of its FFmpeg demuxer."""

    name: str
    suffixes: tuple[str, ...]
    demuxer: str


FORMATS: Final = (
    AudioFormat("WAV", (".wav", ".wave", ".bwf", ".rf64"), "wav"),
    AudioFormat("FLAC", (".flac",), "flac"),
    AudioFormat("MP3", (".mp3", ".mp2", ".mpga"), "mp3"),
    AudioFormat("Ogg (Vorbis, Opus, Speex, FLAC)", (".ogg", ".oga", ".opus", ".spx", ".ogv"), "ogg"),
    AudioFormat("MP4, QuickTime, 3GP", (".m4a", ".m4b", ".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2"), "mov"),
    AudioFormat("AAC", (".aac",), "aac"),
    AudioFormat("WebM, Matroska", (".webm", ".weba", ".mkv", ".mka"), "matroska"),
    AudioFormat("AIFF", (".aif", ".aiff", ".aifc"), "aiff"),
    AudioFormat("CAF", (".caf",), "caf"),
    AudioFormat("AU", (".au", ".snd"), "au"),
    AudioFormat("NIST SPHERE", (".sph", ".nist"), "nistsphere"),
    AudioFormat("Windows Media", (".wma", ".wmv", ".asf"), "asf"),
    AudioFormat("AMR", (".amr", ".awb"), "amr"),
    AudioFormat("MPEG transport stream", (".ts", ".mts", ".m2ts"), "mpegts"),
    AudioFormat("MPEG program stream", (".mpg", ".mpeg", ".vob"), "mpeg"),
    AudioFormat("AVI", (".avi",), "avi"),
    AudioFormat("Flash Video", (".flv",), "flv"),
    AudioFormat("Wave64", (".w64",), "w64"),
    AudioFormat("VOC", (".voc",), "voc"),
    AudioFormat("WavPack", (".wv",), "wv"),
    AudioFormat("Monkey's Audio", (".ape",), "ape"),
    AudioFormat("True Audio", (".tta",), "tta"),
    AudioFormat("AC-3", (".ac3",), "ac3"),
)
"""Every format that is decoded, by content; in a folder or bucket, files are taken by suffix."""

SAMPLE_RATES: Final = range(1_000, 768_001)
"""Sample rates in Hz; a header with another one is damaged."""

AUDIO_SUFFIXES: Final = frozenset(suffix for each in FORMATS for suffix in each.suffixes)
"""Suffixes, in lower case, of the files that a source of clips is searched for."""

FORMAT_NAMES: Final = ", ".join(each.name for each in FORMATS)
"""All formats in words, for messages and documents."""


def has_audio_suffix(path: str) -> bool:
    """Whether a file is audio by the suffix of its name."""
    return PurePosixPath(path).suffix.lower() in AUDIO_SUFFIXES
