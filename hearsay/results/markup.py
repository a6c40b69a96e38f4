"""HTML for notebooks. All text of models, corpora and file names is escaped."""

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
    """The nonempty parts, separated by dots."""
    return " · ".join(filter(None, parts))
