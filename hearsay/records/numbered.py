"""Further transcripts in the cells of a CSV: the columns of the first transcript with a number, from 2 on."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from hearsay.errors import BadRow
from hearsay.records.codec import FIELD_OF, json_cell, member_of_cell, members_of_transcript, read_value
from hearsay.records.schema import numbered
from hearsay.records.transcript import ModelTranscript

_ALWAYS: Final = ("generated_text", "confidence", "asr_model")
"""Columns that every further transcript has, even if they are empty."""

_COLUMN_OF: Final = {field: column for column, field in FIELD_OF.items()}


def cells_of_transcripts(transcripts: Sequence[ModelTranscript]) -> dict[str, str]:
    """The cells of further transcripts by column; an empty one has no cell."""
    return {name: cell for number, transcript in _counted(transcripts) for name, cell in _cells(number, transcript)}


def columns_of_transcripts(transcripts: Sequence[ModelTranscript]) -> set[str]:
    """The columns that a CSV needs for further transcripts."""
    always = {f"{name}_{number}" for number, _ in _counted(transcripts) for name in _ALWAYS}
    return always.union(cells_of_transcripts(transcripts))


def transcripts_of_cells(cells: Mapping[str, str]) -> tuple[ModelTranscript, ...]:
    """The further transcripts in cells of `numbered` columns, by number; a number without a filled cell has none.

    Raises `BadRow` with the column's name.
    """
    found: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    for name, cell in cells.items():
        if place := numbered(name):
            column, number = place
            try:
                if (member := member_of_cell(column, cell)) not in (None, ""):
                    found[number][FIELD_OF[column]] = read_value(column, member)
            except BadRow as problem:
                raise BadRow(f"{name}: {problem}") from problem
    return tuple(ModelTranscript(**found[number]) for number in sorted(found))


def _counted(transcripts: Iterable[ModelTranscript]) -> Iterator[tuple[int, ModelTranscript]]:
    return enumerate(transcripts, 2)


def _cells(number: int, transcript: ModelTranscript) -> Iterator[tuple[str, str]]:
    for field, value in members_of_transcript(transcript).items():
        yield f"{_COLUMN_OF[field]}_{number}", json_cell(value)
