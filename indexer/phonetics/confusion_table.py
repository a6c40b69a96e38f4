"""The table of word confusions: how often each reference word occurs, and what was recognised in its place."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hearsay.text.wer import Edit, differences

Span = tuple[str, str]
"""Neighbouring words of a reference and the words recognised in their place, each separated by single spaces."""


@dataclass(frozen=True, slots=True)
class ConfusionTable:
    """Confusions of words, counted over any number of alignments of transcripts with their references.

    ``occurrences`` counts each word of the references. ``spans`` counts the spans in which a transcript differs from
    its reference; either side of a span may be empty. ``replacements`` has, for each reference word with an error, the
    counts of what was recognised in its place, where an empty string is a deletion. If a span has exactly one reference
    word, all of its recognised words are the replacement: “black smith” for “blacksmith”. In longer spans, each word
    has the replacement that the alignment gives it.
    """

    occurrences: Counter[str]
    spans: Counter[Span]
    replacements: Mapping[str, Counter[str]]

    @classmethod
    def of(cls, alignments: Iterable[Iterable[Edit]]) -> "ConfusionTable":
        """The confusions in alignments that `hearsay.text.wer.align` made."""
        occurrences: Counter[str] = Counter()
        spans: Counter[Span] = Counter()
        replacements: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for alignment in alignments:
            edits = tuple(alignment)
            occurrences.update(edit.reference for edit in edits if edit.reference)
            for run in differences(edits):
                misrecognised = [edit for edit in run if edit.reference]
                recognised = " ".join(edit.hypothesis for edit in run if edit.hypothesis)
                spans[" ".join(edit.reference for edit in misrecognised), recognised] += 1
                for edit in misrecognised:
                    replacements[edit.reference][recognised if len(misrecognised) == 1 else edit.hypothesis] += 1
        return cls(occurrences, spans, replacements)
