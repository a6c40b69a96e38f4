"""Layouts of corpora: one table of the files, columns and separators by which a folder or a table is recognised.

To add a layout, add it to `LAYOUTS`: the first one is used whose tables exist and have the required columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

Format = Literal["tsv", "csv", "pipe", "space", "jsonl", "parquet", "text"]
"""``tsv`` and ``pipe`` are without quoting; ``space`` is an id, a space and a text; ``text`` is one file per clip."""

PLAIN: Final = "folder"
"""The layout of a folder without tables: its audio files."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a corpus is released.

    ``tables`` are patterns of its tables, relative to the folder; ``needs`` are columns by which they are recognised.
    ``columns`` maps names of columns to those of clip records; others are kept as they are. ``header`` names the
    columns of tables without names. ``audio`` lists the possible paths of a clip's file; the first that exists is used:
    ``{folder}`` is the folder of its table, ``{name}`` its cell; a place that ends in ``.*`` is any audio file of
    that name. ``split`` and ``speaker`` are regular expressions, whose group is the value: of the path of the table,
    and of the name of the clip. ``milliseconds`` is a column of durations, ``offset`` one of seconds at which a clip
    begins in its file. ``has_speakers`` marks corpora with LibriSpeech's table of speakers, ``of_release`` those whose
    folders are named after a release and a locale, and ``names_dataset`` those in which names of clips begin with the
    dataset.
    """

    name: str
    title: str
    tables: tuple[str, ...]
    format: Format
    needs: frozenset[str]
    columns: Mapping[str, str]
    audio: tuple[str, ...]
    header: tuple[str, ...] | None = None
    split: str = ""
    speaker: str = ""
    milliseconds: str = ""
    offset: str = ""
    has_speakers: bool = False
    of_release: bool = False
    names_dataset: bool = False


_HUGGING_FACE: Final = Layout(
    name="huggingface",
    title="Hugging Face metadata.csv",
    tables=("metadata.csv", "**/metadata.csv"),
    format="csv",
    needs=frozenset({"file_name"}),
    columns={"file_name": "filename", "sentence": "text", "transcription": "text", "speaker_id": "speaker"},
    audio=("{folder}/{name}",),
    split=r"^(train|dev|valid|validation|test)/",
)

LAYOUTS: Final = (
    Layout(
        name="common-voice",
        title="Common Voice",
        tables=("*.tsv", "*/*.tsv"),
        format="tsv",
        needs=frozenset({"client_id", "path", "sentence"}),
        columns={"path": "filename", "sentence": "text", "accents": "accent", "client_id": "speaker"},
        audio=("{folder}/clips/{name}",),
        split=r"(?:^|/)([\w-]+)\.tsv$",
        of_release=True,
    ),
    Layout(
        name="common-voice-spontaneous",
        title="Common Voice Spontaneous Speech",
        tables=("ss-corpus-*.tsv", "*/ss-corpus-*.tsv"),
        format="tsv",
        needs=frozenset({"audio_file", "transcription"}),
        columns={
            "audio_file": "filename",
            "transcription": "text",
            "accents": "accent",
            "client_id": "speaker",
            "duration_ms": "duration",
        },
        audio=("{folder}/audios/{name}", "{folder}/clips/{name}", "{folder}/{name}"),
        milliseconds="duration_ms",
        of_release=True,
    ),
    Layout(
        name="common-voice-1",
        title="Common Voice corpus 1",
        tables=("cv-*.csv",),
        format="csv",
        needs=frozenset({"filename", "text", "up_votes", "down_votes"}),
        columns={},
        audio=("{folder}/{name}",),
        split=r"(?:^|/)cv-(?:valid-)?([\w-]+)\.csv$",
        names_dataset=True,
    ),
    Layout(
        name="librispeech",
        title="LibriSpeech",
        tables=("**/*.trans.txt",),
        format="space",
        needs=frozenset(),
        columns={},
        audio=("{folder}/{name}.flac", "{folder}/{name}.*"),
        header=("filename", "text"),
        split=r"(?:^|/)((?:train|dev|test)-[^/]+)/",
        speaker=r"^(\d+)-",
        has_speakers=True,
    ),
    Layout(
        name="ljspeech",
        title="LJSpeech",
        tables=("metadata.csv",),
        format="pipe",
        needs=frozenset(),
        columns={},
        audio=("{folder}/wavs/{name}.wav", "{folder}/wavs/{name}.*"),
        header=("filename", "raw_text", "text"),
    ),
    Layout(
        name="voxpopuli",
        title="VoxPopuli",
        tables=("asr_*.tsv", "**/asr_*.tsv"),
        format="tsv",
        needs=frozenset({"id", "normalized_text"}),
        columns={"id": "filename", "normalized_text": "text", "speaker_id": "speaker"},
        audio=("{folder}/{name}.*", "**/{name}.*"),
        split=r"(?:^|/)asr_(\w+)\.tsv$",
    ),
    _HUGGING_FACE,
    replace(
        _HUGGING_FACE,
        name="huggingface-jsonl",
        title="Hugging Face metadata.jsonl",
        tables=("metadata.jsonl", "**/metadata.jsonl"),
        format="jsonl",
    ),
    replace(
        _HUGGING_FACE,
        name="huggingface-parquet",
        title="Hugging Face metadata.parquet",
        tables=("*.parquet", "**/metadata.parquet"),
        format="parquet",
    ),
    Layout(
        name="nemo",
        title="NeMo manifest",
        tables=("*.json", "*.jsonl"),
        format="jsonl",
        needs=frozenset({"audio_filepath"}),
        columns={"audio_filepath": "filename", "speaker_id": "speaker"},
        audio=("{folder}/{name}",),
        offset="offset",
        split=r"(?:^|/)(train|dev|valid|validation|test)(?![a-z])[^/]*\.jsonl?$",
    ),
    Layout(
        name="data-collective",
        title="Mozilla Data Collective",
        tables=("*.tsv", "*/*.tsv"),
        format="tsv",
        needs=frozenset({"audio_path", "transcription"}),
        columns={"audio_path": "filename", "transcription": "text", "speaker_id": "speaker", "accents": "accent"},
        audio=("{folder}/{name}", "{folder}/clips/{name}"),
    ),
    Layout(
        name="parquet",
        title="Parquet",
        tables=("*.parquet",),
        format="parquet",
        needs=frozenset({"filename"}),
        columns={},
        audio=("{folder}/{name}",),
    ),
    Layout(
        name="text",
        title="texts beside the audio",
        tables=("**/*.txt",),
        format="text",
        needs=frozenset(),
        columns={},
        audio=("{folder}/{name}.*",),
        header=("filename", "text"),
    ),
)
"""All layouts, in the order in which a folder is compared with them."""

BY_NAME: Final = {layout.name: layout for layout in LAYOUTS}
NAMES: Final = (*BY_NAME, PLAIN)
