"""Repairing a log: unreadable lines are set aside in a file beside it, and never deleted."""

from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from hearsay.errors import BadRow, ClipsError, NewerRecord
from hearsay.records.files import onto_disk, replaced_whole
from hearsay.records.journal import locked, row_of_line


@dataclass(frozen=True, slots=True)
class Repaired:
    """The number of readable lines, the number of lines that were moved, and the file to which they were moved."""

    kept: int
    set_aside: int
    beside: Path


def repair(log: Path) -> Repaired:
    """Move the lines that cannot be read from a log into ``LOG.unreadable``, to which they are appended unchanged.

    The log is replaced atomically, and only when the other file is on the disk; one without such lines is not changed.
    Raises `NewerRecord` for a line of a newer version, `JournalInUse` while another process writes the log, and
    `ClipsError` if a file cannot be read or written, or is not a log.
    """
    if not log.is_file():
        raise ClipsError(f"there is no log {log}")
    beside = log.with_name(f"{log.name}.unreadable")
    with closing(locked(log)):
        try:
            kept, unreadable = _sorted_lines(log)
            is_record = any(line.lstrip().startswith(b"{") and b'"filename"' in line for line in unreadable)
            if unreadable and not any(map(bytes.strip, kept)) and not is_record:
                raise ClipsError(
                    f"no line of {log} is or was a record, so it is not a log, and nothing was changed; "
                    "name the clips.jsonl that decode wrote"
                )
            if unreadable:
                with beside.open("ab") as file:
                    file.writelines(unreadable)
                    file.flush()
                    onto_disk(file.fileno())
                mode = log.stat().st_mode
                with replaced_whole(log) as temporary:
                    temporary.write_bytes(b"".join(kept))
                with suppress(OSError):  # the file system has one mode for all files
                    log.chmod(mode)
        except OSError as problem:
            raise ClipsError(f"{log} cannot be repaired: {problem.strerror or problem}") from problem
    return Repaired(sum(bool(line.strip()) for line in kept), len(unreadable), beside)


def _sorted_lines(log: Path) -> tuple[list[bytes], list[bytes]]:
    """The lines that can be read, empty ones among them, and those that cannot; each with its end."""
    kept: list[bytes] = []
    unreadable: list[bytes] = []
    with log.open("rb") as file:
        for number, line in enumerate(file, 1):
            whole = line if line.endswith(b"\n") else line + b"\n"
            try:
                if line.strip():
                    row_of_line(line)
            except NewerRecord as problem:
                raise NewerRecord(f"{log}, line {number}: {problem}") from problem
            except BadRow:
                unreadable.append(whole)
            else:
                kept.append(whole)
    return kept, unreadable
