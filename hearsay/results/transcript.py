"""The transcript of one recording, or the error instead of one."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from hearsay.errors import HearsayError
from hearsay.records.clip import ClipRow
from hearsay.records.subtitles import cues, srt, vtt
from hearsay.records.transcript import FailedPiece, Segment, Word
from hearsay.results.markup import joined, paragraph
from hearsay.results.outcome import RecordingResult
from hearsay.text.format import duration

_SHOWN: Final = 60
"""Maximum characters of the text in a `repr`."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """The output of a speech model; times in seconds, confidences 0..1 (None if the model gives none).

    ``language`` is a code such as ``en``, empty if the model does not report it; its probability is known if the model
    detected it.
    """

    text: str
    words: tuple[Word, ...]
    segments: tuple[Segment, ...]
    confidence: float | None
    duration: float
    failed_pieces: tuple[FailedPiece, ...] = ()
    language: str = ""
    language_probability: float | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Transcript(RecordingResult[Recognised]):
    """The transcript of one recording, or the ``error`` why there is none.

    ``source`` names the recording: a path as it was given, else ``bytes``, ``array`` or the name of the file object.
    ``model`` is the speech model. Members that depend on the transcript raise the error if there is one, so that a
    failed recording is never mistaken for silence.
    """

    @property
    def text(self) -> str:
        """The text as the model wrote it; empty if nothing was said."""
        return self._found.text

    @property
    def words(self) -> tuple[Word, ...]:
        """The words with ``text``, ``start`` and ``end`` in seconds, ``confidence`` and ``alternatives``."""
        return self._found.words

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The stretches between pauses, with ``start``, ``end``, ``text`` and ``confidence``."""
        return self._found.segments

    @property
    def confidence(self) -> float | None:
        """The model's confidence in the whole transcript, 0..1; None if it gives none."""
        return self._found.confidence

    @property
    def language(self) -> str:
        """The language of the transcript as a code such as ``en``; empty if the model does not report it."""
        return self._found.language

    @property
    def language_probability(self) -> float | None:
        """The probability of the language, 0..1; None if the model did not detect it."""
        return self._found.language_probability

    @property
    def duration(self) -> float:
        """The length of the recording in seconds."""
        return self._found.duration

    @property
    def failed_pieces(self) -> tuple[FailedPiece, ...]:
        """The pieces of a long recording that the model failed on, with ``start``, ``end`` and ``reason``.

        They are missing from the transcript; there are none if it is complete.
        """
        return self._found.failed_pieces

    def to_srt(self) -> str:
        """Subtitles as SubRip (.srt)."""
        return srt(self._cues())

    def to_vtt(self) -> str:
        """Subtitles as WebVTT (.vtt)."""
        return vtt(self._cues())

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON values. For a failed recording, all members but ``error`` are empty. Raises no error."""
        members: dict[str, Any] = {"source": self.source, "model": self.model}
        if isinstance(self.outcome, HearsayError):
            nothing: dict[str, Any] = {"text": None, "words": [], "segments": [], "confidence": None, "duration": None}
            nothing |= {"failed_pieces": [], "language": None, "language_probability": None}
            return members | nothing | {"error": str(self.outcome)}
        found = asdict(self.outcome)
        return (
            members
            | found
            | {
                "words": [word | {"alternatives": list(word["alternatives"])} for word in found["words"]],
                "segments": list(found["segments"]),
                "error": None,
            }
            | {"failed_pieces": list(found["failed_pieces"])}
        )

    def _cues(self) -> tuple[Segment, ...]:
        found = self._found
        return cues(ClipRow("-", language=found.language, words=found.words, segments=found.segments))

    def __repr__(self) -> str:
        if isinstance(self.outcome, HearsayError):
            return f"Transcript(source={self.source!r}, error={self.outcome!r})"
        text = self.text if len(self.text) <= _SHOWN else self.text[: _SHOWN - 1] + "…"
        return f"Transcript(source={self.source!r}, text={text!r}, duration={self.duration}, model={self.model!r})"

    def _repr_html_(self) -> str:
        if isinstance(self.outcome, HearsayError):
            return paragraph(f"No transcript: {self.outcome}", self.source)
        found = self.outcome
        confidence = "" if found.confidence is None else f"confidence {found.confidence:.2f}"
        missing = f"pieces that failed: {len(found.failed_pieces)}" if found.failed_pieces else ""
        note = joined(self.source, duration(found.duration), confidence, self.model, missing)
        return paragraph(found.text or "(no speech)", note)
