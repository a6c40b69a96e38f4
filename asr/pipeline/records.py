"""From the outputs of the models to a clip's record, new or completed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from asr.errors import ModelFailed
from asr.pipeline.identity import Identity, emotion_columns, speech_columns, speech_of
from asr.sources.listing import Clip
from asr.speech.segments import mean_confidence
from asr.types import EmotionOutput, SpeechOutput
from hearsay.records.clip import ClipRow
from hearsay.records.schema import EMOTION, TRANSCRIPT
from hearsay.records.transcript import TAGGING, TRANSCRIBING, FailedPiece, Segment, Word
from hearsay.text.format import clock
from hearsay.text.languages import joined

NAMED: Final = 3
"""Failed pieces that a message lists; further ones are counted."""

NOT_YET: Final = "not processed yet"
"""The reason of a piece that is missing because the run has not reached it, or ended before it."""

Timed = TypeVar("Timed", Word, Segment)

EmotionOutcome = EmotionOutput | ModelFailed
"""The emotion, or the error of the emotion model."""


@dataclass(frozen=True, slots=True)
class ModelOutputs:
    """The outputs of both models for a clip; None for what is kept from its earlier record."""

    digest: str
    seconds: float
    transcript: SpeechOutput | None
    emotion: EmotionOutcome | None


def row_of(clip: Clip, outputs: ModelOutputs, speech: Identity, emotion: Identity) -> ClipRow:
    """The clip's record: the outputs of these models, and what is kept of the earlier record."""
    columns: dict[str, Any] = {"audio_digest": outputs.digest, "duration": round(outputs.seconds, 2)}
    if outputs.transcript is not None or outputs.emotion is not None:
        columns["decoded_at"] = now()
    if outputs.transcript is not None:
        columns |= speech_output_columns(outputs.transcript, clip.transcribed) | speech_columns(speech)
    if outputs.emotion is not None:
        columns |= _emotion_output_columns(outputs.emotion) | emotion_columns(emotion)
    failed = failed_pieces(outputs.transcript, outputs.emotion, outputs.seconds)
    if outputs.transcript is None and clip.transcribed:
        failed = [*missing(clip.transcribed, TRANSCRIBING), *failed]
    return with_kept(clip, columns | failure_columns(failed))


def with_kept(clip: Clip, outputs: Mapping[str, Any]) -> ClipRow:
    """The clip's record: new columns, and what is kept of the earlier record."""
    if clip.transcribed:
        return replace(clip.transcribed.merged_with(clip.row), **outputs)
    kept = {} if clip.tagged is None else {name: getattr(clip.tagged, name) for name in EMOTION}
    return replace(clip.row, **{**outputs, **kept})


def failed_again(known: ClipRow, failed: ClipRow) -> ClipRow:
    """The record of a clip that could not be transcribed again.

    The transcript and emotion of the same audio are kept, with the error. Those of other audio are dropped, because
    they do not describe the clip any more. Audio that could not be read counts as the same.
    """
    merged = known.merged_with(failed.of_one_run())
    has_result = bool(known.audio_digest) and (bool(known.generated_text) or not known.error)
    if not has_result or failed.audio_digest not in ("", known.audio_digest):
        return merged
    kept = {name: getattr(known, name) for name in (TRANSCRIPT | EMOTION | {"audio_digest"}) - {"failed_pieces"}}
    error = f"transcribing again failed: {failed.error}; the transcript of {known.asr_model} is kept"
    return replace(merged, **kept | {"error": error})


def missing(row: ClipRow | None, task: str) -> list[FailedPiece]:
    """The pieces of a record that lack the result of a task."""
    return [piece for piece in row.failed_pieces if piece.task == task] if row else []


def wanted_pieces(clip: Clip, speech: Identity) -> list[FailedPiece]:
    """The missing pieces of a kept transcript; none if another model made it, since models are not mixed."""
    is_same_model = clip.transcribed is not None and speech.is_that_of(speech_of(clip.transcribed))
    return missing(clip.transcribed, TRANSCRIBING) if is_same_model else []


def failure_columns(failed: Sequence[FailedPiece]) -> dict[str, Any]:
    """The columns of a record that describe what is missing from it."""
    return {"failed_pieces": tuple(failed), "error": sentence_of(failed)}


def failed_pieces(transcript: SpeechOutput | None, emotion: EmotionOutcome | None, seconds: float) -> list[FailedPiece]:
    """All pieces that the models failed on. A missing emotion is one piece, the whole clip."""
    failed = list(transcript.failed) if transcript else []
    if isinstance(emotion, ModelFailed):
        failed.append(FailedPiece(0.0, round(seconds, 2), str(emotion), TAGGING))
    return failed


def sentence_of(failed: Sequence[FailedPiece]) -> str:
    """A message about failed pieces, with their times; empty if there are none."""
    sentences = [f"{_described(piece)}: {piece.reason}" for piece in failed[:NAMED]]
    if len(failed) > NAMED:
        sentences.append(f"and {len(failed) - NAMED} more pieces")
    return "; ".join(sentences)


def _described(piece: FailedPiece) -> str:
    if piece.task == TAGGING:
        return "the emotion is missing" if piece.reason == NOT_YET else "the emotion could not be recognised"
    times = f"{clock(piece.start, 1)}–{clock(piece.end, 1)}"
    return f"{times} is missing" if piece.reason == NOT_YET else f"{times} could not be transcribed"


def speech_output_columns(transcript: SpeechOutput, known: ClipRow | None) -> dict[str, Any]:
    """The columns of a transcript; if ``known`` is given, merged with the transcript in it.

    The language is that of the longer part.
    """
    words = tuple(rounded_word(word) for word in transcript.words)
    segments = tuple(rounded_segment(segment) for segment in transcript.segments)
    text, confidence = transcript.text, rounded(transcript.confidence)
    language, probability = transcript.language, rounded(transcript.language_probability)
    if known is not None:
        words = tuple(in_order((*known.words, *words)))
        segments = tuple(in_order((*known.segments, *segments)))
        if len(known.generated_text) >= len(text):
            language, probability = known.language, known.language_probability
        text = joined((segment.text for segment in segments), language)
        confidence = rounded(mean_confidence(words))
    return {
        "generated_text": text,
        "language": language,
        "language_probability": probability,
        "confidence": confidence,
        "words": words,
        "segments": segments,
    }


def _emotion_output_columns(emotion: EmotionOutcome) -> dict[str, Any]:
    if isinstance(emotion, ModelFailed):
        return {"emotion": "", "emotion_score": None, "emotion_scores": {}, "sentiment": ""}
    return {
        "emotion": emotion.label,
        "emotion_score": rounded(emotion.certainty),
        "emotion_scores": {label: round(score, 3) for label, score in emotion.scores.items()},
        "sentiment": emotion.sentiment,
    }


def in_order(items: Iterable[Timed]) -> list[Timed]:
    """Words or segments by their times; which run made them makes no difference."""
    return sorted(items, key=lambda item: (item.start, item.end))


def now() -> str:
    """The current time as in records: ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def rounded(score: float | None) -> float | None:
    """A score to three decimals, as in records and in the API."""
    return None if score is None else round(score, 3)


def rounded_word(word: Word) -> Word:
    """The word with times to 10 ms and confidence to three decimals, as in records and in the API."""
    return replace(word, start=round(word.start, 2), end=round(word.end, 2), confidence=rounded(word.confidence))


def rounded_segment(segment: Segment) -> Segment:
    """The segment with times to 10 ms and its scores to three decimals."""
    return replace(
        segment,
        start=round(segment.start, 2),
        end=round(segment.end, 2),
        confidence=rounded(segment.confidence),
        emotion_score=rounded(segment.emotion_score),
    )
