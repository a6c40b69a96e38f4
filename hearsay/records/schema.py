"""The columns of a clip record: one table of their names and meanings, and which of them belong together."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the clip row: its name in CSV and log, whether it is Hearsay's, and its meaning."""

    name: str
    ours: bool
    meaning: str


COLUMNS: Final = (
    Column("filename", False, "the clip's id: DATASET/path under the source, with /"),
    Column("text", False, "what the speaker was asked to say (the reference)"),
    Column("up_votes", False, "number of listeners who confirmed that the recording matches its sentence"),
    Column("down_votes", False, "number of listeners who rejected it"),
    Column("age", False, "the speaker's age, as the corpus spells it"),
    Column("gender", False, "the speaker's gender"),
    Column("accent", False, "the speaker's accent, as the corpus spells it"),
    Column("speaker", False, "the speaker's id in the corpus"),
    Column("split", False, "the parts of the corpus that the clip is in, separated by commas"),
    Column("duration", False, "length in seconds, two decimals; decode measures it from the audio"),
    Column("dataset", True, "the collection that the clip belongs to"),
    Column("audio_digest", True, "SHA-256 of the audio file, in hexadecimal"),
    Column("audio_stamp", True, "size and times of the file, or ETag and size of the object, that had this digest"),
    Column("generated_text", True, "the transcript, as the model wrote it"),
    Column(
        "language", True, "the language of the transcript, as a code such as en; empty if the model does not report it"
    ),
    Column("language_probability", True, "probability of the language, 0..1, if the model detected it"),
    Column("confidence", True, "the speech model's confidence in the transcript, 0..1"),
    Column("words", True, "words with start and end in seconds, confidence and alternatives"),
    Column("segments", True, "stretches of speech between pauses: start, end, text, confidence, emotion"),
    Column("emotion", True, "the granular label, or uncertain"),
    Column("emotion_score", True, "probability of the label, 0..1"),
    Column("emotion_scores", True, "the probability of every label of the emotion model"),
    Column("sentiment", True, "negative, neutral, positive or uncertain"),
    Column("asr_model", True, "the model that made the transcript"),
    Column("ser_model", True, "the model that predicted the emotion"),
    Column("asr_weights", True, "SHA-256 of that model's files, in hexadecimal"),
    Column("asr_precision", True, "the precision that PRECISION named; empty if it was chosen automatically"),
    Column("ser_weights", True, "SHA-256 of the emotion model's files, in hexadecimal"),
    Column("ser_precision", True, "the precision that PRECISION named; empty if it was chosen automatically"),
    Column("decoded_at", True, "when, as ISO 8601 in UTC"),
    Column("error", True, "why it has no transcript, or only an older one, or which pieces have none"),
    Column("failed_pieces", True, "pieces that a model failed on: start, end, reason, task (transcript or emotion)"),
    Column(
        "transcripts",
        True,
        "transcripts by further models: model, text, words, confidence, language, weights; "
        "in a CSV the columns of the first with a number, from generated_text_2 on",
    ),
    Column("deleted", True, "true if the clip was deleted from the index"),
)
"""Every column in the order of the CSV: Common Voice's own, then those that ``asr decode`` adds."""

CORPUS_COLUMNS: Final = tuple(column.name for column in COLUMNS if not column.ours)
OPTIONAL_COLUMNS: Final = ("speaker", "split")
"""Columns of corpora that a CSV has only where a clip has a value in them."""
OUR_COLUMNS: Final = tuple(column.name for column in COLUMNS if column.ours)
IDENTITY_COLUMNS: Final = ("audio_stamp", "asr_weights", "asr_precision", "ser_weights", "ser_precision")
"""Columns that distinguish files and models of the same name; for logs, to detect completed clips, not for indexes."""

TRANSCRIPT: Final = frozenset(
    {
        *("generated_text", "language", "language_probability", "confidence", "words", "segments"),
        *("asr_model", "asr_weights", "asr_precision", "decoded_at", "error", "failed_pieces"),
    }
)
"""Columns that one run of a speech model produced, and that are replaced together."""

AGREEMENT: Final = "agreement"
"""A column of the CSV that is computed from the first and the second transcript, and never read."""

NUMBERED: Final = (
    *("generated_text", "language", "language_probability", "confidence", "words", "segments"),
    *("asr_model", "asr_weights", "asr_precision", "error", "failed_pieces"),
)
"""Columns of the transcript that a CSV repeats for further ones, as ``generated_text_2``, ``generated_text_3``, …"""

_NUMBERED: Final = re.compile(rf"({'|'.join(NUMBERED)})_([2-9]|[1-9][0-9])")

EMOTION: Final = frozenset(
    {
        *("emotion", "emotion_score", "emotion_scores", "sentiment"),
        *("ser_model", "ser_weights", "ser_precision"),
    }
)
"""Columns that one run of an emotion model produced, and that are replaced together."""

RESERVED: Final = frozenset({"schema_version", *CORPUS_COLUMNS, *OUR_COLUMNS})
"""Names that columns of a corpus cannot have in a record."""


def numbered(name: str) -> tuple[str, int] | None:
    """The column that a numbered one repeats, and its number: ``("words", 2)`` of ``words_2``; None for other names."""
    found = _NUMBERED.fullmatch(name)
    return (found[1], int(found[2])) if found else None


@lru_cache(maxsize=10_000)
def is_ours(name: str) -> bool:
    """Whether Hearsay fills columns of this name, also a `numbered` one."""
    return name in OUR_COLUMNS or name in ("schema_version", AGREEMENT) or numbered(name) is not None


MISSING: Final = frozenset({"nan", "-nan", "na", "n/a", "<na>", "#n/a", "#na", "nat", "null", "none"})
"""How tables write a missing value, apart from an empty cell, in lower or upper case."""

ASIDE: Final = "corpus_"
"""The prefix of a corpus's own column if Hearsay has one of the same name."""

SIGNS: Final = frozenset({"audio_digest", "generated_text", "asr_model", "ser_model", "decoded_at"})
"""Columns that only Hearsay writes. All of them together mark a table that Hearsay wrote. One of
them in a table that is merged means that its columns with names of Hearsay are meant as such, as in a correction."""

EXPORT_ONLY: Final = frozenset({"wer", AGREEMENT, "pred_text", "file_name", "audio_filepath"})
"""Redundant columns of exports, which are ignored when an export is read."""

READ_AS_IT_STANDS: Final = frozenset({"filename", "text", "generated_text", "error"})
"""Columns in which "none" or "NaN" may be actual text: their cells are not changed."""


def kept_aside(names: Collection[str]) -> dict[str, str]:
    """New names for the columns of a corpus that have the names of Hearsay's columns."""
    found: dict[str, str] = {}
    for name in names:
        if is_ours(name):
            found[name] = aside_of(name, names)
    return found


def aside_of(name: str, names: Collection[str]) -> str:
    """A new name for a column of a corpus that is not among the ``names``."""
    aside = ASIDE + name
    while aside in names:
        aside = ASIDE + aside
    return aside


def kept_beside_ours(names: Collection[str]) -> dict[str, str]:
    """`kept_aside` for tables that are merged: with one of `SIGNS`, columns named like Hearsay's are Hearsay's.

    So a corpus's ``emotion`` does not correct Hearsay's, and one beside a ``generated_text`` or ``ser_model`` does.
    ``deleted`` has the same meaning in every table.
    """
    if not SIGNS.isdisjoint(names):
        return {}
    return {name: aside for name, aside in kept_aside(names).items() if name != "deleted"}
