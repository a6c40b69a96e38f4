"""Tables of text with one line per row and without quoting, such as those of Common Voice and LJSpeech."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from hearsay.errors import BadTable


def read_delimited(
    path: Path, separator: str, header: Sequence[str] | None = None
) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The columns of a table in UTF-8, and its lines with their numbers; empty lines are skipped.

    A quotation mark is a character like any other. ``header`` names the columns of a table without a first line of
    names; the last of them takes the rest of a line. Raises `BadTable`, also while the lines are read.
    """
    lines = _lines(path)
    if header is not None:
        return list(header), _split(path, lines, separator, len(header), most=len(header) - 1)
    columns = [name.strip() for name in next(lines, (0, ""))[1].split(separator)]
    return columns, _split(path, lines, separator, len(columns))


def _split(
    path: Path, lines: Iterator[tuple[int, str]], separator: str, width: int, most: int = -1
) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines:
        cells = line.split(separator, most)
        if len(cells) != width:
            if len(cells) < width and most < 0:
                raise BadTable(f"{path}, line {number}: {len(cells)} cells under a header of {width} columns")
            if any(cells[width:]):
                raise BadTable(f"{path}, line {number}: {len(cells)} cells under a header of {width} columns")
            cells += [""] * (width - len(cells))
        yield number, cells


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, 1):
                if text := line.rstrip("\r\n"):
                    yield number, text
    except UnicodeDecodeError as problem:
        raise BadTable(f"{path} is not UTF-8 text; save the table in UTF-8") from problem
    except OSError as problem:
        raise BadTable(f"{path} cannot be read: {problem.strerror or problem}") from problem
