"""What a load reports of records whose words, segments or duration could not be taken as they stand."""

from typing import Final

from hearsay.records.checked import checked
from hearsay.records.clip import ClipRow
from hearsay.text.format import counted

EXAMPLES: Final = 3
"""How many clips a sentence names."""


class Flaws:
    """Counts records that were put right and those of which something was left out, with the first few of each."""

    def __init__(self) -> None:
        self._repaired = _Counted()
        self._left_out = _Counted()

    def taken(self, row: ClipRow) -> ClipRow:
        """The record as `checked` has it, counted where something was wrong with it."""
        found = checked(row)
        if found.flaws:
            counted = self._left_out if found.left_out else self._repaired
            counted.add(f"{row.id} ({', '.join(found.flaws)})")
        return found.row

    def sentences(self) -> tuple[str, ...]:
        """One for what was put right and one for what was left out; none where all was well."""
        kinds = (
            (self._repaired, "with impossible times, put right"),
            (self._left_out, "with words or segments that were left out (the text is searched all the same)"),
        )
        return tuple(f"{counted.clips()} {what}: {counted.examples()}" for counted, what in kinds if counted.number)


class Merging:
    """Merges records of the same clips, and counts durations of later ones that were not taken."""

    def __init__(self) -> None:
        self._ignored = _Counted()

    def merged(self, earlier: ClipRow, later: ClipRow) -> ClipRow:
        """What `ClipRow.merged_with` makes of the two."""
        merged = earlier.merged_with(later)
        if later.duration not in (None, merged.duration):
            self._ignored.add(f"{later.id} ({later.duration:g} s)")
        return merged

    def sentences(self) -> tuple[str, ...]:
        """One where durations were not taken; none where all were."""
        if not self._ignored.number:
            return ()
        why = "the audio was measured, or the transcript goes on after it"
        return (f"{self._ignored.clips()} with a later duration that was ignored ({why}): {self._ignored.examples()}",)


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
