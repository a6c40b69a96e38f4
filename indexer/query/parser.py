"""The parser of the query language: typed text into a syntax tree. Nothing that is typed is an error."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hearsay.text.normalize import token_runs, tokens
from indexer.query.syntax_tree import (
    Conjunction,
    Disjunction,
    FieldQuery,
    Negation,
    PhraseQuery,
    PrefixQuery,
    RangeQuery,
    SyntaxTree,
    WordQuery,
)
from indexer.schema import FACETS, FIELDS, UNKNOWN, facet_name, facet_value

MOST_NOTES: Final = 8
"""Notes that are made; who pasted a book is told enough with these."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was asked for, and a sentence for a person on each thing that was not understood.

    ``typed`` is what stands side by side in it as it was typed, with what is said again.
    """

    tree: SyntaxTree
    notes: tuple[str, ...]
    typed: tuple[SyntaxTree, ...]


_QUOTES: Final = '"“”„‟«»「」'  # any of them opens, and the next one closes: people mix them, keyboards too

_VALUE: Final = rf"(?:[{_QUOTES}][^{_QUOTES}]*[{_QUOTES}]|[^\s,{_QUOTES}]+)"

_ITEM: Final = re.compile(
    rf"""
    (?P<minus>(?<!\S)-(?=\S))?
    (?:
        (?P<field>extra\.[^\s:*{_QUOTES}]{{1,200}}|[^\W\d]\w*):(?!//)(?P<values>{_VALUE}(?:,+{_VALUE})*),*
        | [{_QUOTES}](?P<quoted>[^{_QUOTES}]*)[{_QUOTES}]
        | (?P<unclosed>[{_QUOTES}])
        | (?P<bare>[^\s{_QUOTES}]+)
    )
    """,
    re.VERBOSE,
)
_VALUES: Final = re.compile(_VALUE)

_NUMBER: Final = r"\d{1,15}(?:\.\d{0,15})?|\.\d{1,15}"
_SPAN: Final = re.compile(rf"(?P<exact>{_NUMBER})|(?P<low>{_NUMBER})?[-–](?P<high>{_NUMBER})?")

_LONGEST_SHOWN: Final = 40
"""Characters of what was typed that a note repeats."""

_EXTRA: Final = "extra."
_KINDS: Final = {field.name: field.kind for field in FIELDS}
_CALLED: Final = {facet_name(facet): facet for facet in FACETS}


def parse(text: str) -> Parsed:
    """What ``text`` asks for. Never raises, whatever it is, and takes time in proportion to its length.

    Nothing typed is an `Every` of nothing, which is everything. What was typed and holds nothing to search for is an
    `Either` of nothing, which is nothing.
    """
    readable = re.sub(r"[\x00-\x1f\x7f]", " ", text.encode(errors="replace").decode())
    reader = _Reader()
    typed = tuple(reader.side_by_side(readable))
    tree = _together(Conjunction, typed)
    if tree == _NOTHING and readable.strip():
        tree = Disjunction(())
    return Parsed(tree, tuple(dict.fromkeys(reader.notes))[:MOST_NOTES], typed)


_NOTHING: Final = Conjunction(())
"""What an item asks for that was not understood."""


def _together(kind: type[Conjunction] | type[Disjunction], children: Iterable[SyntaxTree]) -> SyntaxTree:
    """The children as one, each of them once; those of the same kind are opened up, and one alone is itself."""
    opened: dict[SyntaxTree, None] = {}
    for child in children:
        opened |= dict.fromkeys(child.children if isinstance(child, kind) else (child,))
    opened.pop(_NOTHING, None)
    if not opened:
        return _NOTHING
    return next(iter(opened)) if len(opened) == 1 else kind(tuple(opened))


class _Reader:
    """Reads one text; ``notes`` fills with what it does not understand."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def side_by_side(self, text: str) -> list[SyntaxTree]:
        """What stands side by side in the text, things with OR between them as one."""
        groups: list[list[SyntaxTree]] = []
        is_or = False
        self._note_of_other_languages(text)
        for item in _ITEM.finditer(text):
            if item["bare"] == "OR" and not item["minus"]:
                self._note_lonely(is_or or not groups)
                is_or = bool(groups)
            elif item["bare"] == "AND":
                continue
            elif (tree := self._item(item)) != _NOTHING:
                if not is_or:
                    groups.append([])
                groups[-1].append(tree)
                is_or = False
        self._note_lonely(is_or)
        return [_together(Disjunction, group) for group in groups]

    def _note_of_other_languages(self, text: str) -> None:
        """What people know from elsewhere and is not said so here."""
        bare = [item["bare"] for item in _ITEM.finditer(text) if item["bare"]]
        if "AND" in bare:
            self.notes.append("words side by side are all asked for, so AND was left out; the word itself is “and”")
        if "NOT" in bare:
            self.notes.append("NOT was read as a word; a minus leaves out what stands right behind it, as in -dog")
        if "OR" in bare and any(word.startswith("(") or word.endswith(")") for word in bare):
            self.notes.append("brackets do not hold words together here; OR stands between its two neighbours")

    def _note_lonely(self, is_lonely: bool) -> None:
        if is_lonely:
            self.notes.append("OR stands between two things, and one of them is missing; it was left out")

    def _item(self, item: re.Match[str]) -> SyntaxTree:
        if item["field"] is not None:
            tree = self._fielded(item["field"], [_unquoted(value) for value in _VALUES.findall(item["values"])])
        elif item["quoted"] is not None:
            tree = self._quoted(item["quoted"])
        elif item["unclosed"] is not None:
            self.notes.append("a quote is not closed; what stands behind it was read as words")
            tree = _NOTHING
        else:
            self._note_of_a_value_apart(item)
            tree = self._bare(item["bare"])
        return Negation(tree) if item["minus"] and tree != _NOTHING else tree

    def _bare(self, text: str) -> SyntaxTree:
        """Words, with the sign that may stand behind the last of them.

        Words that a hyphen or the like joins are asked for one by one: recognisers write no hyphens, and mishear one
        part more often than both; who wants them in a row writes quotes. A run of Chinese, Japanese or Korean is a
        phrase without any, since its pairs of characters say little out of order.
        """
        body, sign = (text[:-1], text[-1]) if text[-1] in "*~" else (text, "")
        runs = token_runs(body)
        if not runs:
            self._note_nothing(text)
        else:
            self._note_of_signs(body)
        return _together(Conjunction, [*map(_words, runs[:-1]), *(_words(run, sign) for run in runs[-1:])])

    def _note_of_a_value_apart(self, item: re.Match[str]) -> None:
        """``accent: us`` reads like a field, and is two words."""
        name, _, behind = item["bare"].rpartition(":")
        follows = item.string[item.end() : item.end() + 1]
        if not behind and not follows.strip() and _is_known(_field(name)):
            self.notes.append(f"{_short(name)}: wants a value right behind it, without a space; read as a word")

    def _note_of_signs(self, body: str) -> None:
        """Signs that say something where they stand elsewhere."""
        if "*" in body:
            self.notes.append("* stands for the rest of a word, at its end and nowhere else; it was left out")
        if "~" in body:
            self.notes.append("~ stands behind a word, for what sounds like it, and nowhere else; it was left out")

    def _quoted(self, text: str) -> SyntaxTree:
        found = tokens(text)
        if not found:
            self._note_nothing(text)
            return _NOTHING
        return _words(found)

    def _note_nothing(self, text: str) -> None:
        if text == "-":
            self.notes.append("a minus leaves out what stands right behind it; one that stands alone was left out")
        else:
            self.notes.append(f"“{_short(text)}” has no letters or digits to search for")

    def _fielded(self, name: str, values: list[str]) -> SyntaxTree:
        field = _field(name)
        kind = "keyword" if field.startswith(_EXTRA) else _KINDS.get(field)
        if field == "text":
            return _together(
                Disjunction, [FieldQuery(field, value) for value in values if self._quoted(value) != _NOTHING]
            )
        match kind:
            case "keyword":
                return _together(Disjunction, [self._keyword(field, value) for value in values])
            case "number" | "integer":
                return _together(Disjunction, [self._span(field, value) for value in values])
            case _:
                parts = [self._bare(name), *map(self._quoted, values)]
                number = "both" if len(parts) == 2 else "all the"
                self.notes.append(f"there is no field {_short(name)}; searched for {number} words")
                return _together(Conjunction, parts)

    def _keyword(self, field: str, value: str) -> SyntaxTree:
        if value.endswith("*"):
            self.notes.append(f"* stands for the rest of a word, not of a value; {_short(field)} takes it as it is")
        if value:
            return FieldQuery(field, facet_value(field, value))
        self.notes.append(f"{_short(field)} has no value behind it; it was left out")
        return _NOTHING

    def _span(self, field: str, value: str) -> SyntaxTree:
        """A number that is not known is none of all the numbers."""
        if value.casefold() == UNKNOWN:
            return Negation(RangeQuery(field, None, None))
        found = _SPAN.fullmatch(value)
        low, high = (_number(found["exact"] or found[end]) if found else None for end in ("low", "high"))
        ends = [end for end in (low, high) if end is not None]
        if not ends or ends != sorted(ends):
            self.notes.append(f"{field} takes a number or a span such as 2-8, 2- or -8, not “{_short(value)}”")
            return _NOTHING
        return RangeQuery(field, low, high)


def _field(name: str) -> str:
    """The field that is called so, in letters of any size; a corpus's own column is named as it is."""
    return name if name.startswith(_EXTRA) else _CALLED.get(name.casefold(), name.casefold())


def _is_known(field: str) -> bool:
    return field.startswith(_EXTRA) or _KINDS.get(field) in ("keyword", "number", "integer") or field == "text"


def _words(run: list[str], sign: str = "") -> SyntaxTree:
    """The tokens of one run; the sign says something of a run of one."""
    if len(run) > 1:
        return PhraseQuery(tuple(run))
    return PrefixQuery(run[0]) if sign == "*" else WordQuery(run[0], sounds_like=sign == "~")


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def _unquoted(value: str) -> str:
    return value.strip(_QUOTES).strip()


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
