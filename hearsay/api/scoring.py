"""Word error rate from Python, with its interval."""

from collections.abc import Iterable
from dataclasses import dataclass

from hearsay.errors import BadArgument
from hearsay.results.markup import joined, table
from hearsay.text.format import counted, percent
from hearsay.text.scoring import NORMALIZERS, Normalizer, normalizer_in_words, scored_words
from hearsay.text.wer import word_errors
from hearsay.text.wer_by_slice import ScoredText, slice_errors


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """The word error rate of several texts together, and its components.

    ``rate`` is errors by reference words; None if no reference has a word. ``interval`` are the ends of its 95 %
    interval; None if there are fewer than two texts, or two speakers, to resample. ``left_out`` counts texts whose
    reference has no word. ``normalizer`` names the normaliser of both texts with its version.
    """

    rate: float | None
    interval: tuple[float, float] | None
    substitutions: int
    deletions: int
    insertions: int
    reference_words: int
    texts: int
    left_out: int
    normalizer: str

    def __str__(self) -> str:
        if self.rate is None:
            return "no word error rate: no reference has a word"
        ends = "" if self.interval is None else "95 % interval {} to {}".format(*map(percent, self.interval))
        return joined(f"word error rate {percent(self.rate)}", ends, counted(self.reference_words, "word"))

    def _repr_html_(self) -> str:
        ends = "–" if self.interval is None else " – ".join(map(percent, self.interval))
        counts = (self.substitutions, self.deletions, self.insertions, self.reference_words, self.texts)
        head = ("word error rate", "95 % interval", "substitutions", "deletions", "insertions", "words", "texts")
        return table(head, [(percent(self.rate), ends, *map(str, counts))])


def word_error_rate(
    references: str | Iterable[str],
    hypotheses: str | Iterable[str],
    *,
    speakers: Iterable[str] | None = None,
    normalizer: Normalizer = "whisper",
    language: str = "",
) -> ErrorRate:
    """The word error rate of hypotheses (transcripts) against their references, one each, in the same order.

    Both texts are normalised in the same way. ``normalizer="whisper"`` is OpenAI's English normaliser, as in published
    word error rates: *twenty* equals *20*, *won't* equals *will not*, *colour* equals *color*. ``"plain"`` ignores
    case, punctuation and apostrophes only; it is also used for texts in another ``language``, and for texts in Korean
    and in scripts without spaces, which are counted by characters. The rate is computed over all texts together:
    substitutions, deletions and insertions divided by the number of reference words. Texts whose reference has no word
    are excluded and counted.

    The interval is a 95 % percentile bootstrap interval over texts: 1,000 resamples with replacement (Bisani and Ney
    2004), with a fixed seed. Texts of one speaker are not independent; if ``speakers`` names the speaker of each text,
    speakers are resampled with all of their texts. Raises `BadArgument` if the numbers of texts differ, or for an
    unknown normaliser.
    """
    if normalizer not in NORMALIZERS:
        raise BadArgument(f"there is no normalizer {normalizer}; there are {', '.join(NORMALIZERS)}")
    targets = [references] if isinstance(references, str) else list(references)
    transcripts = [hypotheses] if isinstance(hypotheses, str) else list(hypotheses)
    if len(targets) != len(transcripts):
        raise BadArgument(
            f"there are {len(targets)} references and {len(transcripts)} hypotheses; give one hypothesis for each "
            "reference"
        )
    pairs = list(zip(targets, transcripts, strict=True))
    whose = [str(number) for number in range(len(pairs))] if speakers is None else list(speakers)
    if len(whose) != len(pairs):
        raise BadArgument(f"there are {len(pairs)} texts and {len(whose)} speakers; name the speaker of each text")
    texts = (
        ScoredText(word_errors(*scored_words(reference, hypothesis, normalizer, language)), who)
        for (reference, hypothesis), who in zip(pairs, whose, strict=True)
    )
    whole = slice_errors((text for text in texts if text.errors.reference_words), fewest_sources=2).whole
    errors, estimate = whole.errors, whole.estimate
    return ErrorRate(
        errors.rate,
        (estimate.low, estimate.high) if estimate else None,
        errors.substitutions,
        errors.deletions,
        errors.insertions,
        errors.reference_words,
        whole.texts,
        len(pairs) - whole.texts,
        normalizer_in_words(normalizer),
    )
