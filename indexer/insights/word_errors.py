"""Word errors of clips whose references are known: by slice, and word by word."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hearsay.text.normalize import words
from hearsay.text.wer import Edit, WordErrors, align, differences
from hearsay.text.wer_by_slice import ScoredText, SlicedErrors, slice_errors
from indexer.documents import LONGEST_KEYWORD
from indexer.passages import Passage
from indexer.schema import UNKNOWN

FEWEST_CLIPS: Final = 20
"""Clips that a slice needs before its error rate is shown."""


@dataclass(frozen=True, slots=True)
class AlignedClip:
    """A whole clip, and the alignment of its transcript with its reference."""

    passage: Passage
    edits: tuple[Edit, ...]

    def value(self, facet: str) -> str:
        """What the clip has in a facet, as engines count it."""
        value: str = getattr(self.passage.row, facet)
        return value if value and len(value) <= LONGEST_KEYWORD else UNKNOWN


@dataclass(frozen=True, slots=True)
class WordConfusions:
    """A word of references: how often it occurs, and what was recognised in its place how often, most often first.

    Where nothing was recognised in its place, the replacement is empty.
    """

    word: str
    occurrences: int
    replacements: Mapping[str, int]

    @property
    def errors(self) -> int:
        return sum(self.replacements.values())


def align_clips(passages: Iterable[Passage]) -> list[AlignedClip]:
    """The passages that are whole clips with a reference and a transcript: parts of a clip have none of their own."""
    return [
        AlignedClip(passage, tuple(align(words(passage.row.text), words(passage.row.generated_text))))
        for passage in passages
        if passage.is_whole and passage.row.is_scorable
    ]


def errors_by_slice(clips: Iterable[AlignedClip], facets: Sequence[str]) -> SlicedErrors:
    """The clips' word errors, whole and by the values of facets; intervals from `FEWEST_CLIPS` clips on, by clip."""
    texts = (
        ScoredText(WordErrors.of(clip.edits), clip.passage.id, {facet: clip.value(facet) for facet in facets})
        for clip in clips
    )
    return slice_errors(texts, facets, fewest_sources=FEWEST_CLIPS)


def confusions_of(clips: Iterable[AlignedClip]) -> list[WordConfusions]:
    """Every word of the references with an error, in alphabetical order."""
    occurrences: Counter[str] = Counter()
    replacements: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for clip in clips:
        occurrences.update(edit.reference for edit in clip.edits if edit.reference)
        for word, replacement in _replacements(clip.edits):
            replacements[word][replacement] += 1
    return [WordConfusions(word, occurrences[word], _most_first(replacements[word])) for word in sorted(replacements)]


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _replacements(edits: Iterable[Edit]) -> Iterator[tuple[str, str]]:
    """The words with an error, each with what was recognised in its place.

    Where one word alone was lost, all that was recognised there stands for it: “black smith” for “blacksmith”.
    """
    for run in differences(edits):
        lost = [edit for edit in run if edit.reference]
        if len(lost) == 1:
            yield lost[0].reference, " ".join(edit.hypothesis for edit in run if edit.hypothesis)
        else:
            yield from ((edit.reference, edit.hypothesis) for edit in lost)
