"""The clip record: what the corpus says about a clip, and what the models recognised in it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Any, Final

from hearsay.errors import BadRow
from hearsay.records.codec import (
    FIELD_OF,
    filled_members,
    is_empty,
    is_read,
    is_readable,
    json_cell,
    member_of_cell,
    read_unknown,
    read_value,
)
from hearsay.records.numbered import cells_of_transcripts, columns_of_transcripts, transcripts_of_cells
from hearsay.records.schema import (
    AGREEMENT,
    COLUMNS,
    CORPUS_COLUMNS,
    EMOTION,
    OPTIONAL_COLUMNS,
    RESERVED,
    TRANSCRIPT,
    aside_of,
    is_ours,
    numbered,
)
from hearsay.records.transcript import TRANSCRIBING, FailedPiece, ModelTranscript, Segment, Word
from hearsay.text.normalize import words
from hearsay.text.scoring import scored_words
from hearsay.text.wer import edit_distance

SCHEMA_VERSION: Final = 1
"""Written into every line of a log; incremented when a column changes its meaning."""

LONGEST_ID: Final = 500
"""Maximum bytes of a clip id in UTF-8; Elasticsearch accepts 512, and a passage appends its number."""


TOLERANCE: Final = 0.05
"""Tolerance for rounded times, in seconds."""

_KEPT_CELLS: Final = 100_000
"""Maximum number of cached values of one column of a table: as many as large corpora have speakers."""

_SHORT: Final = 20
"""Cells with fewer characters are all kept, because they may be markers of missing values."""

_LONGEST_KEPT: Final = 200
"""Maximum characters of a cell whose value is cached; words and segments are longer, and occur once."""


@dataclass(frozen=True, slots=True)
class ClipRow:
    """One clip. Every field but ``id`` may be empty; `COLUMNS` says what each of them holds.

    ``given`` names the columns that its source had, even if they were empty: an empty cell empties a value,
    and a missing column changes nothing. A filled column is always given. ``transcripts`` are those of further models,
    at most one of each; the first transcript is in the columns.
    """

    id: str
    text: str = ""
    up_votes: int | None = None
    down_votes: int | None = None
    age: str = ""
    gender: str = ""
    accent: str = ""
    speaker: str = ""
    split: str = ""
    duration: float | None = None
    dataset: str = ""
    audio_digest: str = ""
    audio_stamp: str = ""
    generated_text: str = ""
    language: str = ""
    language_probability: float | None = None
    confidence: float | None = None
    words: tuple[Word, ...] = ()
    segments: tuple[Segment, ...] = ()
    emotion: str = ""
    emotion_score: float | None = None
    emotion_scores: Mapping[str, float] = field(default_factory=dict)
    sentiment: str = ""
    asr_model: str = ""
    ser_model: str = ""
    asr_weights: str = ""
    asr_precision: str = ""
    ser_weights: str = ""
    ser_precision: str = ""
    decoded_at: str = ""
    error: str = ""
    failed_pieces: tuple[FailedPiece, ...] = ()
    transcripts: tuple[ModelTranscript, ...] = ()
    deleted: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)
    given: frozenset[str] = field(default=frozenset(), compare=False, repr=False)

    def __post_init__(self) -> None:
        try:
            size = len(self.id.encode())
        except UnicodeEncodeError as problem:
            raise BadRow(
                f"a clip id must be UTF-8 text, and this one is not: {self.id!r:.80}; rename the file"
            ) from problem
        if not 1 <= size <= LONGEST_ID:
            raise BadRow(f"a clip id must have 1 to {LONGEST_ID} bytes, and this one has {size}: {self.id[:80]!r}")
        if self.extra and (taken := {name for name in self.extra if name in RESERVED or is_ours(name)}):
            raise BadRow(f"{self.id}: {min(taken)} is a column of Hearsay, so no other column can have that name")
        if self.transcripts:
            self._check_transcripts()

    def _check_transcripts(self) -> None:
        models = [transcript.model for transcript in self.transcripts]
        if twice := [model for model in models if models.count(model) > 1]:
            which = f"the model {twice[0]}" if twice[0] else "an unnamed model"
            raise BadRow(f"{self.id}: there are two further transcripts of {which}; keep one of them")
        if not all(transcript.model or transcript.text or transcript.error for transcript in self.transcripts):
            raise BadRow(f"{self.id}: a further transcript needs a text or the name of its model")

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> "ClipRow":
        """A row from one journal line's object; members that are not columns of Hearsay go to ``extra`` as text.

        Raises `BadRow` with the column's name if a value is not what the column holds.
        """
        if not isinstance(members.get("filename"), str):
            raise BadRow("a clip row needs a filename, the clip's id, as text")
        values: dict[str, Any] = {"id": members["filename"]}
        extra: dict[str, str] = {}
        for name, value in members.items():
            if is_read(name) and not _is_of_the_corpus(name, value):
                values[name] = _EMPTY_OF[name] if value in (None, "") else read_value(name, value)
            elif name not in ("filename", "schema_version") and value is not None:
                extra[aside_of(name, members) if is_ours(name) else name] = read_unknown(name, value)
        given = frozenset(members).union(extra)
        if "schema_version" in members:  # Hearsay leaves out what its models left empty
            given |= TRANSCRIPT if values.get("asr_model") else frozenset()
            given |= EMOTION if values.get("ser_model") else frozenset()
        return cls(**values, extra=extra, given=given)

    @classmethod
    def from_readable_json(cls, members: Mapping[str, Any]) -> "ClipRow":
        """A row like that of `from_json`, without members that are invalid for their columns."""
        return cls.from_json({name: value for name, value in members.items() if is_readable(name, value)})

    @classmethod
    def from_cells(cls, cells: Mapping[str, str]) -> "ClipRow":
        """A row from the cells of a CSV, in which lists and maps are JSON; a value of `MISSING` is an empty cell."""
        further = {name: cell for name, cell in cells.items() if numbered(name)}
        own = ((name, cell) for name, cell in cells.items() if name != AGREEMENT and name not in further)
        row = cls.from_json({name: member_of_cell(name, cell) for name, cell in own})
        if not further:
            return row
        transcripts = (*row.transcripts, *transcripts_of_cells(further))
        return replace(row, transcripts=transcripts, given=row.given | {"transcripts"})

    @property
    def lacks_speech(self) -> bool:
        """Whether its transcript, or a part of it, is missing because of a failure."""
        if not self.failed_pieces:
            return bool(self.error)
        return any(piece.task == TRANSCRIBING for piece in self.failed_pieces)

    @property
    def is_scorable(self) -> bool:
        """Whether its word errors can be counted: a reference with a word in it, and a transcript.

        An empty transcript counts if a model is named: it is what the model recognised. One that pieces are missing
        from does not count, because the model's errors cannot be distinguished from what is missing.
        """
        is_transcribed = bool(self.generated_text or self.asr_model) and not self.lacks_speech
        return is_transcribed and not self.deleted and bool(words(self.text))

    @property
    def is_failed(self) -> bool:
        """Whether transcribing it failed as a whole; it may still have an older transcript."""
        return bool(self.error) and not self.failed_pieces

    @property
    def is_measured(self) -> bool:
        """Whether a model was given its audio, so that its duration was measured and not taken from a table."""
        has_result = bool(self.generated_text) or not self.is_failed
        return self.duration is not None and bool(self.audio_digest or self.asr_model) and has_result

    @property
    def transcript(self) -> ModelTranscript:
        """The first transcript, which is in the columns."""
        return ModelTranscript(**{name: getattr(self, column) for column, name in FIELD_OF.items()})

    def with_transcript(self, transcript: ModelTranscript) -> "ClipRow":
        """The record with another first transcript, and without further ones."""
        columns = {column: getattr(transcript, name) for column, name in FIELD_OF.items()}
        return replace(self, transcripts=(), **columns)

    @property
    def agreement(self) -> float | None:
        """How far the second transcript agrees with the first: 1 minus its word error rate against it, at least 0.

        Three decimals; both texts are normalised as for ``hearsay score``. Two empty transcripts agree. None without a
        second transcript, and if one of the two, or a part of it, is missing.
        """
        if not self.transcripts or self.lacks_speech or not (self.generated_text or self.asr_model):
            return None
        second = self.transcripts[0]
        if second.error or second.failed_pieces:
            return None
        reference, hypothesis = scored_words(
            self.generated_text, second.text, language=self.language or second.language
        )
        if not reference:
            return 0.0 if hypothesis else 1.0
        return round(max(0.0, 1 - edit_distance(reference, hypothesis) / len(reference)), 3)

    @property
    def optional(self) -> tuple[str, ...]:
        """The columns that a CSV has only where a clip has a value in them, and that this one has."""
        names = tuple(name for name in OPTIONAL_COLUMNS if getattr(self, name))
        if not self.transcripts:
            return names
        return (*names, *columns_of_transcripts(self.transcripts), *(() if self.agreement is None else (AGREEMENT,)))

    def to_json(self) -> dict[str, Any]:
        """The journal line's object: the columns that are not empty, then the unknown ones."""
        return {"filename": self.id, **self.filled(), **self.extra}

    def filled(self) -> dict[str, Any]:
        """The columns of Hearsay that are not empty, without the id, with their values as JSON has them."""
        return filled_members(_COLUMN_NAMES, _values_of(self))

    def to_record(self) -> dict[str, Any]:
        """`to_json` for a log, where a given but empty column of the corpus is null."""
        emptied = (name for name in CORPUS_COLUMNS if name in self.given and name not in ("filename", "duration"))
        members = self.to_json()
        return members | {name: None for name in emptied if name not in members}

    def to_cells(self) -> dict[str, str]:
        """The cells of a CSV line; a column that is empty has no cell.

        Further transcripts are in `numbered` columns, and the agreement in one of its own.
        """
        cells = {name: json_cell(value) for name, value in self.to_json().items() if name != "transcripts"}
        if not self.transcripts:
            return cells
        agreement = self.agreement
        return (
            cells | cells_of_transcripts(self.transcripts) | ({} if agreement is None else {AGREEMENT: str(agreement)})
        )

    def of_one_run(self) -> "ClipRow":
        """The row as the complete result of one run, even if its transcript or emotion is empty."""
        return replace(self, given=self.given | TRANSCRIPT | EMOTION)

    def merged_with(self, later: "ClipRow") -> "ClipRow":
        """The row with the given columns of ``later``: a filled column replaces the value, an empty one clears it.

        The results of one run stay together: another transcript, or an error, replaces all columns of `TRANSCRIPT`, and
        another emotion all of `EMOTION`. A further transcript replaces that of the same model; other audio, by its
        digest, removes those of the earlier audio. A known duration is never cleared. A measured duration is replaced
        only by another measured one, and a duration that ends before words or segments that are kept is ignored. A
        deletion remains one.
        """
        given = later.given | {name for name in _EMPTY_OF if not is_empty(getattr(later, name))}
        if later.error or self._differs(later, given, ("generated_text",)):
            given |= TRANSCRIPT
        is_other_emotion = self._differs(later, given, ("emotion", "sentiment"))
        if is_other_emotion:
            given |= EMOTION
        changes = {name: getattr(later, name) for name in given & _EMPTY_OF.keys() - _NEVER_EMPTIED}
        if is_other_emotion and "segments" not in changes:
            changes["segments"] = tuple(replace(one, emotion="", emotion_score=None) for one in self.segments)
        emptied = {name: "" for name in self.extra if name in later.given or name in later.extra}
        merged = replace(
            self,
            **changes,
            transcripts=self._merged_transcripts(later, given),
            deleted=self.deleted or later.deleted,
            extra={**self.extra, **emptied, **{name: value for name, value in later.extra.items() if value}},
            given=self.given | later.given,
        )
        if later.duration is None or (self.is_measured and not later.is_measured):
            return merged
        is_too_short = later.duration + TOLERANCE < max(
            (item.end for items in (merged.words, merged.segments) for item in items), default=0.0
        )
        return merged if is_too_short else replace(merged, duration=later.duration)

    def _merged_transcripts(self, later: "ClipRow", given: frozenset[str]) -> tuple[ModelTranscript, ...]:
        is_other_audio = bool(self.audio_digest and later.audio_digest) and self.audio_digest != later.audio_digest
        if is_other_audio or ("transcripts" in given and not later.transcripts):
            return later.transcripts
        models = {transcript.model: transcript for transcript in (*self.transcripts, *later.transcripts)}
        return tuple(models.values())

    def _differs(self, later: "ClipRow", given: frozenset[str], names: Iterable[str]) -> bool:
        return any(name in given and getattr(self, name) != getattr(later, name) for name in names)


_NEVER_EMPTIED: Final = frozenset({"id", "duration", "transcripts", "deleted", "extra", "given"})
"""Fields with special merging rules."""


def _is_of_the_corpus(name: str, value: Any) -> bool:
    """Whether a log of an older version had this member from a corpus, whose columns could have this name then."""
    return name == "transcripts" and isinstance(value, str) and bool(value) and not is_readable(name, value)


_COLUMN_NAMES: Final = tuple(column.name for column in COLUMNS[1:])
_values_of: Final = attrgetter(*_COLUMN_NAMES)

_EMPTY_OF: Final = {member.name: getattr(ClipRow("-"), member.name) for member in fields(ClipRow)}


class LineReader:
    """Makes a row from a clip id and a line of a table, like `ClipRow.from_cells`.

    Repeated cells, such as speakers and accents, are read and stored once. An empty cell of a column that is not
    Hearsay's is omitted, but counts as given. Calls raise `BadRow`.
    """

    def __init__(self, columns: Sequence[str], places: Sequence[int]) -> None:
        self._given = frozenset(columns)
        pairs = [(name, at) for name, at in zip(columns, places, strict=True) if name not in _NO_CELLS]
        self._pairs = pairs
        self._numbered = [(name, at) for name, at in pairs if numbered(name)]
        self._given |= {"transcripts"} if self._numbered else frozenset()
        self._known = [(name, at, _CellReader(name)) for name, at in pairs if is_read(name)]
        self._unknown = [(name, at, _CellReader(name)) for name, at in pairs if not (is_read(name) or numbered(name))]

    def __call__(self, clip_id: str, line: Sequence[str]) -> ClipRow:
        if "schema_version" in self._given:
            return ClipRow.from_cells({"filename": clip_id} | {name: line[at] for name, at in self._pairs})
        values = {name: read[line[at]] for name, at, read in self._known}
        extra = {name: read[cell] for name, at, read in self._unknown if (cell := line[at])}
        if self._numbered:
            further = transcripts_of_cells({name: line[at] for name, at in self._numbered})
            values["transcripts"] = (*values.get("transcripts", ()), *further)
        return ClipRow(clip_id, **values, extra=extra, given=self._given)

    def distinct(self, name: str) -> Collection[str]:
        """The distinct cells of a column that have been read; long ones may be missing."""
        readers = (read for own, _, read in (*self._known, *self._unknown) if own == name)
        return next(readers, _CellReader(name)).keys()


_NO_CELLS: Final = frozenset({"filename", "schema_version", AGREEMENT})


class _CellReader(dict[str, Any]):
    """The value of each cell of one column, read at its first occurrence; long ones are not cached."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, cell: str) -> Any:
        name = self._name
        if is_read(name):
            member = member_of_cell(name, cell)
            value = _EMPTY_OF[name] if member in (None, "") else read_value(name, member)
        else:
            value = cell
        if len(cell) < _SHORT or (len(cell) <= _LONGEST_KEPT and len(self) < _KEPT_CELLS):
            self[cell] = value
        return value
