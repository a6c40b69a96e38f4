"""What a load reports of records whose words or segments could not be taken as they stand."""

from typing import Final

from hearsay.records.checked import Checked, checked
from hearsay.records.clip import ClipRow

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
            (self._left_out if found.left_out else self._repaired).add(found)
        return found.row

    def sentences(self) -> tuple[str, ...]:
        """One for what was put right and one for what was left out; none where all was well."""
        kinds = (
            (self._repaired, "with impossible times, put right"),
            (self._left_out, "with words or segments that were left out (the text is searched all the same)"),
        )
        return tuple(f"{counted.clips()} {what}: {counted.examples()}" for counted, what in kinds if counted.number)


class _Counted:
    def __init__(self) -> None:
        self.number = 0
        self._first: list[Checked] = []

    def add(self, found: Checked) -> None:
        self.number += 1
        if len(self._first) < EXAMPLES:
            self._first.append(found)

    def clips(self) -> str:
        return f"{self.number:,} clip" + ("" if self.number == 1 else "s")

    def examples(self) -> str:
        named = ", ".join(f"{found.row.id} ({', '.join(found.flaws)})" for found in self._first)
        return named + (", …" if self.number > len(self._first) else "")
