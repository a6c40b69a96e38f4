"""Word errors of clips with references: rates by slice, and confusions by word."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hearsay.records.score import scored_words_of
from hearsay.text.wer import Edit, WordErrors, align
from hearsay.text.wer_by_slice import FEWEST_CLIPS, ScoredText, SlicedErrors, slice_errors
from indexer.documents import LONGEST_KEYWORD
from indexer.passages import Passage
from indexer.phonetics.confusion_table import ConfusionTable
from indexer.schema import UNKNOWN


@dataclass(frozen=True, slots=True)
class AlignedClip:
    """A whole clip, and the alignment of its transcript with its reference.

    Their words are normalised as for ``hearsay score``.
    """

    passage: Passage
    edits: tuple[Edit, ...]

    def value(self, facet: str) -> str:
        """The clip's value of a facet, as engines count it."""
        value: str = getattr(self.passage.row, facet)
        return value if value and len(value) <= LONGEST_KEYWORD else UNKNOWN


@dataclass(frozen=True, slots=True)
class WordConfusions:
    """A word of the references: how often it occurs, and the counts of what was recognised in its place, descending.

    Words are normalised as for ``hearsay score``. An empty replacement is a deletion.
    """

    word: str
    occurrences: int
    replacements: Mapping[str, int]

    @property
    def errors(self) -> int:
        return sum(self.replacements.values())


def align_clips(passages: Iterable[Passage]) -> list[AlignedClip]:
    """The passages that are whole clips with a reference and a transcript; parts of a clip have no reference."""
    scorable = (passage for passage in passages if passage.is_whole and passage.row.is_scorable)
    texts = ((passage, *scored_words_of(passage.row)) for passage in scorable)
    return [
        AlignedClip(passage, tuple(align(reference, transcript)))
        for passage, reference, transcript in texts
        if reference
    ]


def errors_by_slice(clips: Iterable[AlignedClip], facets: Sequence[str]) -> SlicedErrors:
    """Word errors of all clips, and by value of each facet; rates have intervals, and need `FEWEST_CLIPS` clips."""
    texts = (
        ScoredText(WordErrors.of(clip.edits), clip.passage.id, {facet: clip.value(facet) for facet in facets})
        for clip in clips
    )
    return slice_errors(texts, facets, fewest_sources=FEWEST_CLIPS)


def confusions_of(clips: Iterable[AlignedClip]) -> list[WordConfusions]:
    """Every word of the references that has an error, in alphabetical order."""
    table = ConfusionTable.of(clip.edits for clip in clips)
    return [
        WordConfusions(
            word,
            table.occurrences[word],
            dict(sorted(table.replacements[word].items(), key=lambda item: (-item[1], item[0]))),
        )
        for word in sorted(table.replacements)
    ]
