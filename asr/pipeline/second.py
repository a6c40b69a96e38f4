"""The transcript of a second model in a clip's record: what is missing of it, and how it is added to the record."""

from collections.abc import Sequence
from dataclasses import replace

from asr.errors import AsrError, BadSource, ModelFailed
from asr.pipeline.identity import Identity, speech_of
from asr.pipeline.records import failed_pieces, sentence_of, speech_output_columns
from asr.sources.listing import Clip
from asr.types import SpeechOutput
from hearsay.records.clip import ClipRow
from hearsay.records.codec import FIELD_OF
from hearsay.records.transcript import FailedPiece, ModelTranscript

SecondOutcome = SpeechOutput | ModelFailed
"""The second transcript, or the error of the second model."""


def check_second(first: Identity, second: Identity) -> None:
    """Raises `AsrError` if the second model is the first one."""
    has_same_weights = bool(first.weights) and (first.weights, first.precision) == (second.weights, second.precision)
    if first.name == second.name or has_same_weights:
        raise AsrError(f"--second {second.name}: that is the first model, too; name another one, or omit --second")


def check_via(second: str | None, via: str | None) -> None:
    """Raises `BadSource` for a second model with ``--via``: ``POST /asr`` has one speech model."""
    if second is not None and via is not None:
        raise BadSource(
            f"--second and --via cannot be combined: the API at {via} has one speech model; omit one of them"
        )


def made_by(transcript: ModelTranscript) -> Identity:
    """The model of a transcript."""
    return Identity(transcript.model, transcript.weights, transcript.precision)


def transcript_by(row: ClipRow | None, model: Identity) -> ModelTranscript | None:
    """The further transcript of a record by a model of this name."""
    return next((one for one in row.transcripts if one.model == model.name), None) if row else None


def is_missing(transcript: ModelTranscript) -> bool:
    """Whether it failed as a whole; it may still have an older text."""
    return bool(transcript.error) and not transcript.failed_pieces


def is_kept(known: ClipRow, second: Identity, *, keeps_first: bool, keeps_transcripts: bool) -> bool:
    """Whether a record's transcript by the second model is kept: its own, or a first one that this model made."""
    if keeps_first and second.is_that_of(speech_of(known)):
        return True
    transcript = transcript_by(known, second)
    if transcript is None or is_missing(transcript):
        return False
    return keeps_transcripts or second.is_that_of(made_by(transcript))


def wanted_of_second(clip: Clip, second: Identity) -> Sequence[FailedPiece]:
    """The missing pieces of a kept second transcript; none if other weights made it."""
    transcript = transcript_by(clip.seconded, second)
    return transcript.failed_pieces if transcript and second.is_that_of(made_by(transcript)) else ()


def needs_second(clip: Clip, second: Identity | None) -> bool:
    """Whether the second model has to transcribe the clip, or pieces of it."""
    return second is not None and (clip.seconded is None or bool(wanted_of_second(clip, second)))


def with_second(row: ClipRow, clip: Clip, outcome: SecondOutcome, second: Identity, seconds: float) -> ClipRow:
    """The record with the second transcript; the pieces of an earlier run are joined with it."""
    earlier = transcript_by(clip.seconded, second) if wanted_of_second(clip, second) else None
    found = _transcript_of(outcome, earlier, second, seconds)
    transcripts = {one.model: one for one in (*row.transcripts, found)}
    return replace(row, transcripts=tuple(transcripts.values()))


def with_earlier_texts(row: ClipRow, known: ClipRow) -> ClipRow:
    """The record; where a further model failed again on the same audio, its earlier transcript is kept."""
    if not row.transcripts or row.audio_digest != known.audio_digest:
        return row
    return replace(row, transcripts=tuple(_or_earlier(one, known) for one in row.transcripts))


def _or_earlier(transcript: ModelTranscript, known: ClipRow) -> ModelTranscript:
    earlier = transcript_by(known, made_by(transcript))
    if not is_missing(transcript) or transcript.text or earlier is None or (earlier.error and not earlier.text):
        return transcript
    return replace(
        earlier,
        error=f"transcribing again failed: {transcript.error}; the earlier transcript is kept",
        failed_pieces=(),
    )


def _transcript_of(
    outcome: SecondOutcome, earlier: ModelTranscript | None, second: Identity, seconds: float
) -> ModelTranscript:
    by_second = ModelTranscript(second.name, weights=second.weights, precision=second.precision)
    if isinstance(outcome, ModelFailed):
        return replace(by_second, error=str(outcome).encode(errors="backslashreplace").decode())
    known = ClipRow("-").with_transcript(earlier) if earlier else None
    columns = speech_output_columns(outcome, known)
    failed = tuple(failed_pieces(outcome, None, seconds))
    if not failed:
        columns["segments"] = ()
    values = {FIELD_OF[column]: value for column, value in columns.items()}
    return replace(by_second, **values, error=sentence_of(failed), failed_pieces=failed)
