"""Reports on records whose words, segments or duration could not be used as they are."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from hearsay.records.checked import checked
from hearsay.records.clip import ClipRow
from hearsay.text.format import counted
from indexer.passages import lacks_word_times

EXAMPLES: Final = 3
"""Number of clips that a sentence names."""


class RecordProblems:
    """Counts records that were corrected, and those of which something was left out, with examples."""

    def __init__(self) -> None:
        self._repaired = _Counted()
        self._left_out = _Counted()
        self._undivided = _Counted()

    def taken(self, row: ClipRow) -> ClipRow:
        """The record as `checked` returns it; counted if something was wrong with it."""
        found = checked(row)
        if found.flaws:
            counted = self._left_out if found.left_out else self._repaired
            counted.add(f"{row.id} ({', '.join(found.flaws)})")
        if lacks_word_times(found.row):
            self._undivided.add(row.id)
        return found.row

    def sentences(self) -> tuple[str, ...]:
        """One sentence on corrected records, and on each kind with parts left out; none if there are none."""
        kinds = (
            (self._repaired, "with impossible times, which were corrected"),
            (self._left_out, "with words or segments that were left out (the text can be searched)"),
            (
                self._undivided,
                "of several passages whose further transcripts have no word times and were left out",
            ),
        )
        return tuple(f"{counted.clips()} {what}: {counted.examples()}" for counted, what in kinds if counted.number)


class RecordMerger:
    """Merges records of the same clips, and counts later durations that were ignored."""

    def __init__(self) -> None:
        self._ignored = _Counted()

    def merged(self, earlier: ClipRow, later: ClipRow) -> ClipRow:
        """The result of `ClipRow.merged_with`."""
        merged = earlier.merged_with(later)
        if later.duration not in (None, merged.duration):
            self._ignored.add(f"{later.id} ({later.duration:g} s)")
        return merged

    def sentences(self) -> tuple[str, ...]:
        """One sentence if durations were ignored; otherwise none."""
        if not self._ignored.number:
            return ()
        why = "the audio was measured, or the transcript is longer"
        return (f"{self._ignored.clips()} with a later duration that was ignored ({why}): {self._ignored.examples()}",)


def spelled_in_two_forms(ids: Iterable[str]) -> str | None:
    """A sentence if ids differ only in their Unicode normal form, as names from macOS and from tables do; else None."""
    forms: dict[str, int] = defaultdict(int)
    for clip_id in ids:
        if not clip_id.isascii():
            forms[unicodedata.normalize("NFC", clip_id)] += 1
    found = _Counted()
    for clip_id, number in forms.items():
        if number > 1:
            found.add(clip_id)
    if not found.number:
        return None
    return (
        f"{found.clips()} with two ids that differ only in their Unicode normal form, and are loaded as two clips: "
        f"{found.examples()}; write the name in all files as it is in the folder of the audio"
    )


class _Counted:
    def __init__(self) -> None:
        self.number = 0
        self._first: list[str] = []

    def add(self, example: str) -> None:
        self.number += 1
        if len(self._first) < EXAMPLES:
            self._first.append(example)

    def clips(self) -> str:
        return counted(self.number, "clip")

    def examples(self) -> str:
        return ", ".join(self._first) + (", …" if self.number > len(self._first) else "")
