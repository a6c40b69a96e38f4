"""Error rates of a table's transcripts, in total and by group: of words, or of characters."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hearsay.records.clip import ClipRow
from hearsay.text.cer import ErrorMetric, Metric, metric_for, text_errors
from hearsay.text.scoring import Normalizer, is_normalized_by_whisper, normalizer_version, scored_words
from hearsay.text.wer import WordErrors
from hearsay.text.wer_by_slice import UNKNOWN, ErrorSlice, ScoredText, SlicedErrors, slice_errors


@dataclass(frozen=True, slots=True)
class TranscriptScore:
    """Errors of all scorable clips, in total and by slice, and the number of excluded clips.

    ``plain`` counts the clips that were normalised plainly although ``normalizer`` is another: those that are not
    English. The errors are counted in words, or in characters if ``metric`` is ``cer``.
    """

    errors: SlicedErrors
    left_out: int
    normalizer: Normalizer = "whisper"
    plain: int = 0
    metric: ErrorMetric = "wer"

    def to_json(self) -> dict[str, Any]:
        by = {
            column: {value: _to_json(part, self.metric) for value, part in slices.items()}
            for column, slices in self.errors.by.items()
        }
        how = {
            "metric": self.metric,
            "left_out": self.left_out,
            "normalizer": self.normalizer,
            "normalizer_version": normalizer_version(self.normalizer),
            "normalized_plainly": self.plain,
        }
        return _to_json(self.errors.whole, self.metric) | how | ({"by": by} if by else {})


def _to_json(part: ErrorSlice, metric: ErrorMetric) -> dict[str, Any]:
    rate, ends = part.errors.rate, part.estimate
    return {
        "clips": part.texts,
        "words" if metric == "wer" else "characters": part.errors.reference_words,
        metric: None if rate is None else round(rate, 4),
        "interval": None if ends is None else [round(ends.low, 4), round(ends.high, 4)],
        "substitutions": part.errors.substitutions,
        "deletions": part.errors.deletions,
        "insertions": part.errors.insertions,
    }


def scores(
    rows: Iterable[ClipRow],
    by: Sequence[str] = (),
    normalizer: Normalizer = "whisper",
    metric: Metric = "auto",
    *,
    fewest_clips: int | None = None,
) -> list[TranscriptScore]:
    """The `score` of all clips; with ``auto``, one for each metric that their languages need, most clips first.

    Clips that cannot be scored are counted as excluded from the first one.
    """
    if metric != "auto":
        return [score(rows, by, normalizer, metric, fewest_clips=fewest_clips)]
    groups: defaultdict[ErrorMetric, list[ClipRow]] = defaultdict(list)
    unscorable: list[ClipRow] = []
    for row in rows:
        if row.is_scorable:
            groups[metric_for(row.text, language_of(row))].append(row)
        else:
            unscorable.append(row)
    nothing: ErrorMetric = "wer"
    largest = max(groups, key=lambda each: len(groups[each]), default=nothing)
    groups[largest] += unscorable
    return [
        score(groups[each], by, normalizer, each, fewest_clips=fewest_clips)
        for each in sorted(groups, key=lambda each: (each != largest, each))
    ]


def score(
    rows: Iterable[ClipRow],
    by: Sequence[str] = (),
    normalizer: Normalizer = "whisper",
    metric: ErrorMetric = "wer",
    *,
    fewest_clips: int | None = None,
) -> TranscriptScore:
    """The corpus-level error rate: errors of all clips divided by reference words of all clips.

    Both texts are normalised by `hearsay.text.scoring.scored_words`; rows that are not `ClipRow.is_scorable`, or whose
    reference then has no word, are left out. ``metric`` is ``wer`` or ``cer``, the latter counting characters without
    spaces. ``by`` names columns, unknown ones of the corpus among them; slices come with the most clips first. Those of
    ``fewest_clips`` or more have an interval; None, the default, computes none.
    """
    left_out = plain = 0

    def scored() -> Iterator[ScoredText]:
        nonlocal left_out, plain
        for row in rows:
            errors = WordErrors()
            if row.is_scorable:
                errors = text_errors(metric, row.text, row.generated_text, normalizer, language_of(row))
            if not errors.reference_words:
                left_out += 1
                continue
            if normalizer != "plain":
                plain += not is_normalized_by_whisper(row.text, row.generated_text, normalizer, language_of(row))
            yield ScoredText(errors, speaker_of(row), {column: value_of(row, column) for column in by})

    errors = slice_errors(scored(), by, fewest_sources=fewest_clips)
    return TranscriptScore(errors, left_out, normalizer, plain, metric)


def scored_words_of(row: ClipRow) -> tuple[list[str], list[str]]:
    """The words of a clip's reference and of its transcript, normalised for the clip's language."""
    return scored_words(row.text, row.generated_text, language=language_of(row))


def language_of(row: ClipRow) -> str:
    """The language of a clip's reference: that of the corpus, else that of the transcript; empty if unknown."""
    known = (row.extra.get("corpus_language"), row.extra.get("locale"), row.language)
    return next(filter(None, known), "")


def speaker_of(row: ClipRow) -> str:
    """The unit of resampling: the speaker, if the corpus names one, otherwise the clip."""
    return row.speaker or row.extra.get("client_id") or row.id


def value_of(row: ClipRow, column: str) -> str:
    """The value of a column in a record; `UNKNOWN` if it is empty."""
    if column == "filename":
        return row.id
    return str(getattr(row, column, "") or row.extra.get(column, "") or UNKNOWN)
