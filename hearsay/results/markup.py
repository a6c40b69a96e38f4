"""HTML for notebooks. Whatever a model, a corpus or a file's name says is escaped: it may hold anything."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

_LEFT: Final = "text-align:left;vertical-align:top"


def paragraph(text: str, note: str = "") -> str:
    """A text, and a smaller note below it."""
    small = f"<br><small>{escape(note)}</small>" if note else ""
    return f"<p>{escape(text)}{small}</p>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of plain text."""
    titles = "".join(f'<th style="{_LEFT}">{escape(title)}</th>' for title in head)
    lines = ("".join(f'<td style="{_LEFT}">{escape(cell)}</td>' for cell in cells) for cells in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def joined(*parts: str) -> str:
    """The parts that say something, with dots between."""
    return " · ".join(filter(None, parts))
