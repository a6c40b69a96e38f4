"""Which words were heard wrong and as what, and how often, in clips whose references are known."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from hearsay.text.intervals import Estimate, error_rate
from hearsay.text.normalize import words
from hearsay.text.wer import Edit, WordErrors, align
from indexer.documents import LONGEST_KEYWORD
from indexer.evaluation.query_sampling import is_scorable
from indexer.passages import Passage
from indexer.schema import UNKNOWN

LEAST_CLIPS: Final = 20
"""Clips of which a slice has to have so many before its error rate says anything."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A whole clip, and how what was heard differs from its reference, word by word."""

    passage: Passage
    edits: tuple[Edit, ...]
    errors: WordErrors

    def value(self, facet: str) -> str:
        """What the clip has in a facet, as engines count it."""
        value: str = getattr(self.passage.row, facet)
        return value if value and len(value) <= LONGEST_KEYWORD else UNKNOWN


@dataclass(frozen=True, slots=True)
class Slice:
    """Clips that share a value. ``rate`` is their word error rate, None where they are fewer than `LEAST_CLIPS`."""

    clips: int
    errors: WordErrors
    rate: Estimate | None


@dataclass(frozen=True, slots=True)
class Misheard:
    """A word of references: how often it was to be said, and what was heard in its place how often, most often first.

    Where nothing was heard in its place, that is an empty text.
    """

    word: str
    said: int
    heard: Mapping[str, int]

    @property
    def wrong(self) -> int:
        return sum(self.heard.values())


def compared(passages: Iterable[Passage]) -> list[Compared]:
    """The passages that are whole clips with a reference and a transcript: parts of a clip have none of their own."""
    whole = (passage for passage in passages if passage.is_whole and is_scorable(passage.row))
    aligned = ((passage, _aligned(words(passage.row.text), words(passage.row.generated_text))) for passage in whole)
    return [Compared(passage, edits, _errors(edits)) for passage, edits in aligned]


def _aligned(said: Sequence[str], heard: Sequence[str]) -> tuple[Edit, ...]:
    is_right = said == heard  # as most are, which takes less time to see than to align
    return tuple(Edit("equal", word, word) for word in said) if is_right else tuple(align(said, heard))


def _errors(edits: Iterable[Edit]) -> WordErrors:
    kinds = Counter(edit.operation for edit in edits)
    to_be_said = kinds["equal"] + kinds["substitute"] + kinds["delete"]
    return WordErrors(to_be_said, kinds["substitute"], kinds["delete"], kinds["insert"])


def slice_of(clips: Sequence[Compared]) -> Slice:
    """The clips together: errors over all by reference words over all, with an interval by drawing clips anew."""
    errors = sum((clip.errors for clip in clips), WordErrors())
    is_enough = len(clips) >= LEAST_CLIPS
    rate = error_rate([clip.errors for clip in clips], [clip.passage.id for clip in clips]) if is_enough else None
    return Slice(len(clips), errors, rate)


def slices(clips: Iterable[Compared], facet: str) -> dict[str, Slice]:
    """The slice of each value of a facet that some clip has."""
    groups: defaultdict[str, list[Compared]] = defaultdict(list)
    for clip in clips:
        groups[clip.value(facet)].append(clip)
    return {value: slice_of(group) for value, group in groups.items()}


def misheard(clips: Iterable[Compared]) -> list[Misheard]:
    """Every word of the references that was not always heard, in the order of the alphabet."""
    said: Counter[str] = Counter()
    heard: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for clip in clips:
        said.update(edit.reference for edit in clip.edits if edit.reference)
        for word, instead in _replacements(clip.edits):
            heard[word][instead] += 1
    return [Misheard(word, said[word], _most_first(heard[word])) for word in sorted(heard)]


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _replacements(edits: Iterable[Edit]) -> Iterable[tuple[str, str]]:
    """The words that were not heard, each with what stands in its place.

    Where one word alone was not heard, all that was heard there stands for it: “black smith” for “blacksmith”.
    """
    for is_right, run in groupby(edits, key=lambda edit: edit.operation == "equal"):
        if is_right:
            continue
        changes = list(run)
        lost = [edit for edit in changes if edit.reference]
        if len(lost) == 1:
            yield lost[0].reference, " ".join(edit.hypothesis for edit in changes if edit.hypothesis)
        else:
            yield from ((edit.reference, edit.hypothesis) for edit in lost)
