"""Signs of other query languages: how an item with one is read here, and a note that names the right syntax."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

LONGEST_SHOWN: Final = 40
"""Maximum number of characters of the text that a note quotes."""


def short(text: str) -> str:
    """The text as a note quotes it."""
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


@dataclass(frozen=True, slots=True)
class Reading:
    """The ``text`` that is read instead of an item, empty if it is ignored, and a ``note``, empty if none is needed."""

    text: str
    note: str = ""


_COMPARISON: Final = re.compile(r"(?P<name>[^\W\d][\w.]*)(?P<sign>!=|<>|==|>=|<=|=|<|>|：)(?P<value>.*)")
_WEIGHT: Final = re.compile(r"(?P<word>.*?)\^(?:\d+(?:\.\d*)?)?")
_DISTANCE: Final = re.compile(r"(?:near|onear|w|n|pre|adj)/\d+", re.IGNORECASE)
_EXPRESSION: Final = re.compile(r"/.+/[a-z]*")
_START: Final = re.compile(r"\w+")
_WILDCARD: Final = re.compile(r"(?P<start>\w+)\?(?P<rest>\w*)")
_SLOP: Final = re.compile(r"~\d*")


def reading_of(
    text: str, is_field: Callable[[str], bool], *, follows_quote: bool = False, may_be_question: bool = False
) -> Reading:
    """How an item without spaces and quotes is read.

    ``is_field`` says whether a name is one of a field. ``follows_quote`` is whether a closing quote is directly before
    the item, and ``may_be_question`` whether it ends a text of several items.
    """
    if follows_quote and _SLOP.fullmatch(text):
        return Reading("", f"{text} was ignored; the words of a phrase are always next to each other")
    if _DISTANCE.fullmatch(text):
        return Reading("", f"{text} was ignored; to find words next to each other, put them in quotes")
    if (found := _COMPARISON.fullmatch(text)) and is_field(found["name"]):
        return Reading(text, f"{short(text)} was read as words; for the field, type {short(_filter(found))}")
    if weighted := _WEIGHT.fullmatch(text):
        word = weighted["word"]
        return Reading(word, f"words and phrases have no weights; {short(text[len(word) :])} was ignored")
    if _EXPRESSION.fullmatch(text):
        start = found.group() if (found := _START.match(text, 1)) else "black"
        return Reading(
            text, f"{short(text)} was read as words; for words that begin with “{short(start)}”, type {short(start)}*"
        )
    if (found := _WILDCARD.fullmatch(text)) and (found["rest"] or not may_be_question):
        start = short(found["start"])
        return Reading(text, f"? does not stand for a letter; for words that begin with “{start}”, type {start}*")
    if text[0] == "!" and (found := _START.match(text, 1)):
        return Reading(text, f"! was ignored; to exclude {short(found.group())}, type -{short(found.group())}")
    if "|" in text:
        return Reading(text.replace("|", " ").strip(), "| was ignored; for either of two words, type OR between them")
    return Reading(text)


def notes_on_operators(bare: Sequence[str]) -> Iterator[str]:
    """Notes on operators that are words, among all items without a field and quotes."""
    if "AND" in bare:
        yield "all words must match anyway, so AND was ignored; to search for the word, type “and”"
    if "NOT" in bare:
        yield "NOT was read as a word; to exclude a word, put a minus before it, as in -dog"
    if "OR" in bare and any(word.startswith("(") or word.endswith(")") for word in bare):
        yield "brackets do not group words; OR applies to its two neighbours"


def alternatives_of(values: str) -> str | None:
    """The values ``(us,england)`` or ``us|england`` with commas only; None if they need no other reading."""
    inside = values[1:-1] if values[0] + values[-1] in ("()", "[]") else values
    plain = ",".join(filter(None, re.split(r"[|,]", inside)))
    return plain if plain and (inside != values or "|" in inside) else None


def _filter(comparison: re.Match[str]) -> str:
    """The filter that corresponds to a comparison such as ``duration>=5``."""
    name, value = comparison["name"], comparison["value"]
    match comparison["sign"]:
        case "!=" | "<>":
            return f"-{name}:{value}"
        case ">" | ">=":
            return f"{name}:{value}-"
        case "<" | "<=":
            return f"{name}:-{value}"
        case _:
            return f"{name}:{value}"
