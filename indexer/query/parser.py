"""The parser of the query language: from typed text to a syntax tree. Any text is valid."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hearsay.text.normalize import token_runs, tokens
from indexer.query.other_languages import alternatives_of, notes_on_operators, reading_of, short
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
"""Maximum number of notes, for example on a pasted page of text."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A syntax tree, and a note for people on each part of the text that was not understood.

    ``typed`` are the adjacent items as typed, with repetitions.
    """

    tree: SyntaxTree
    notes: tuple[str, ...]
    typed: tuple[SyntaxTree, ...]


_QUOTES: Final = '"“”„‟«»「」'  # any of them opens and closes, because people and keyboards mix them

_MINUS: Final = "-–—−﹣－"  # phones and word processors write the others
_VALUE: Final = rf"(?:[{_QUOTES}][^{_QUOTES}]*[{_QUOTES}]|[^\s,{_QUOTES}]+)"

_ITEM: Final = re.compile(
    rf"""
    (?P<minus>(?<!\S)[{_MINUS}](?=\S))?
    (?:
        (?(minus)\((?P<group>[^()]*)\)|(?!))
        | (?P<field>extra\.[^\s:*{_QUOTES}]{{1,200}}|[^\W\d]\w*):(?!//)(?P<values>{_VALUE}(?:,+{_VALUE})*),*
        | [{_QUOTES}](?P<quoted>[^{_QUOTES}]*)[{_QUOTES}]
        | (?P<unclosed>[{_QUOTES}])
        | (?P<bare>[^\s{_QUOTES}]+)
    )
    """,
    re.VERBOSE,
)
_VALUES: Final = re.compile(_VALUE)

_NUMBER: Final = r"\d{1,15}(?:\.\d{0,15})?|\.\d{1,15}"
_SPAN: Final = re.compile(rf"(?P<exact>{_NUMBER})|(?P<low>{_NUMBER})?[{_MINUS}](?P<high>{_NUMBER})?")

_EXTRA: Final = "extra."
_KINDS: Final = {field.name: field.kind for field in FIELDS}
_NUMERIC: Final = ("number", "integer")
_CALLED: Final = {facet_name(facet): facet for facet in FACETS}


def parse(text: str) -> Parsed:
    """The meaning of ``text``. Never raises, and takes time proportional to its length.

    An empty text is a `Conjunction` without children, which matches everything. A text without anything to search for
    is a `Disjunction` without children, which matches nothing.
    """
    readable = re.sub(r"[\x00-\x1f\x7f]", " ", text.encode(errors="replace").decode())
    parser = _Parser()
    typed = tuple(parser.side_by_side(readable))
    tree = _together(Conjunction, typed)
    if tree == _NOTHING and readable.strip():
        tree = Disjunction(())
    return Parsed(tree, tuple(dict.fromkeys(parser.notes))[:MOST_NOTES], typed)


_NOTHING: Final = Conjunction(())
"""The tree of an item that was not understood."""


def _together(kind: type[Conjunction] | type[Disjunction], children: Iterable[SyntaxTree]) -> SyntaxTree:
    """The children as one tree, without duplicates; nested trees of the same kind are merged."""
    opened: dict[SyntaxTree, None] = {}
    for child in children:
        opened |= dict.fromkeys(child.children if isinstance(child, kind) else (child,))
    opened.pop(_NOTHING, None)
    if not opened:
        return _NOTHING
    return next(iter(opened)) if len(opened) == 1 else kind(tuple(opened))


class _Parser:
    """Parses one text; ``notes`` collects what it does not understand."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def side_by_side(self, text: str) -> list[SyntaxTree]:
        """The adjacent items of the text; items with OR between them are one."""
        groups: list[list[SyntaxTree]] = []
        is_or = False
        text = text.strip()
        self.notes += notes_on_operators([item["bare"] for item in _ITEM.finditer(text) if item["bare"]])
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

    def _note_lonely(self, is_lonely: bool) -> None:
        if is_lonely:
            self.notes.append("OR needs a word on either side; it was ignored")

    def _item(self, item: re.Match[str]) -> SyntaxTree:
        if item["group"] is not None:
            tree = self._group(item["group"])
        elif item["field"] is not None:
            tree = self._fielded(item["field"], self._values(item["field"], item["values"]))
        elif item["quoted"] is not None:
            tree = self._quoted(item["quoted"])
        elif item["unclosed"] is not None:
            self.notes.append("a quote is not closed; what follows it was read as words")
            tree = _NOTHING
        else:
            tree = self._unquoted(item)
        return Negation(tree) if item["minus"] and tree != _NOTHING else tree

    def _group(self, text: str) -> SyntaxTree:
        """What a minus before brackets excludes: clips with any of the words in them."""
        children = self.side_by_side(text)
        if len(children) > 1:
            self.notes.append(
                f"brackets do not group words; -({short(text)}) excludes each of them, as a minus before each does"
            )
        return _together(Disjunction, children)

    def _unquoted(self, item: re.Match[str]) -> SyntaxTree:
        """An item without a field and quotes."""
        before, after = item.string[max(0, item.start() - 1) : item.start()], item.string[item.end() : item.end() + 1]
        is_last = item.end() == len(item.string)
        reading = reading_of(
            item["bare"],
            _is_known,
            follows_quote=bool(before) and before in _QUOTES,
            may_be_question=is_last and bool(before),
        )
        if item["minus"] and reading.text[:1] == "(":
            self.notes.append("brackets do not group words; put a minus before each word to exclude it")
        if reading.note:
            self.notes.append(reading.note)
        # ``accent: us`` looks like a field, but is two words.
        name, _, value = reading.text.rpartition(":")
        if not value and _is_known(name) and not after.strip():
            self.notes.append(f"{short(name)}: needs a value directly after it, without a space; read as a word")
        return self._bare(reading.text) if reading.text else _NOTHING

    def _bare(self, text: str) -> SyntaxTree:
        """Words, with the operator that may follow the last of them.

        Hyphenated words are searched for separately: speech models write no hyphens, and misrecognise one part more
        often than both; quotes make a phrase of them. A run of a script without spaces is a phrase without quotes,
        because its pairs of characters mean little out of order.
        """
        body, sign = (text[:-1], text[-1]) if text[-1] in "*~" else (text, "")
        runs = token_runs(body)
        if not runs:
            self._note_nothing(text)
        else:
            if "*" in body:
                self.notes.append("* stands for the rest of a word, so it must be at the end of one; it was ignored")
            if "~" in body:
                self.notes.append("~ adds similar-sounding words and must be at the end of a word; it was ignored")
        return _together(Conjunction, [*map(_words, runs[:-1]), *(_words(run, sign) for run in runs[-1:])])

    def _quoted(self, text: str) -> SyntaxTree:
        found = tokens(text)
        if not found:
            self._note_nothing(text)
            return _NOTHING
        return _words(found)

    def _note_nothing(self, text: str) -> None:
        if text and text in _MINUS:
            self.notes.append("a minus excludes what directly follows it; a separate one was ignored")
        else:
            self.notes.append(f"“{short(text)}” has no letters or digits to search for")

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
                self.notes.append(f"there is no field {short(name)}; searched for {number} words")
                return _together(Conjunction, parts)

    def _values(self, name: str, values: str) -> list[str]:
        """The values of a field, without the quotes around them."""
        if _is_known(name) and (plain := alternatives_of(values)):
            self.notes.append(f"alternatives have commas between them and no brackets: {short(f'{name}:{plain}')}")
            values = plain
        elif _is_known(name) and _KINDS.get(_field(name)) not in _NUMERIC and values[0] in "([":
            self.notes.append(
                f'{short(name)}: a value with spaces needs quotes, as in accent:"New Zealand"; alternatives need commas'
            )
        return [value.strip(_QUOTES).strip() for value in _VALUES.findall(values)]

    def _keyword(self, field: str, value: str) -> SyntaxTree:
        if value.endswith("*"):
            self.notes.append(f"* stands for the rest of a word, not of a value; {short(field)} takes it literally")
        if value:
            return FieldQuery(field, facet_value(field, value))
        self.notes.append(f"{short(field)} has no value; it was ignored")
        return _NOTHING

    def _span(self, field: str, value: str) -> SyntaxTree:
        """A range of numbers; ``unknown`` excludes all numbers."""
        if value.casefold() == UNKNOWN:
            return Negation(RangeQuery(field, None, None))
        found = _SPAN.fullmatch(value)
        texts = [found["exact"] or found[end] if found else None for end in ("low", "high")]
        low, high = (float(text) if text else None for text in texts)
        ends = [end for end in (low, high) if end is not None]
        if not ends or ends != sorted(ends):
            self.notes.append(f"{field} takes a number or a range such as 2-8, 2- or -8, not “{short(value)}”")
            return _NOTHING
        return RangeQuery(field, low, high)


def _field(name: str) -> str:
    """The field with this name, ignoring case; the name of a corpus's own column is case-sensitive."""
    return name if name.startswith(_EXTRA) else _CALLED.get(name.casefold(), name.casefold())


def _is_known(name: str) -> bool:
    """Whether this is the name of a field that can be asked for."""
    field = _field(name)
    return field == "text" or field.startswith(_EXTRA) or _KINDS.get(field) in ("keyword", *_NUMERIC)


def _words(run: list[str], sign: str = "") -> SyntaxTree:
    """The tokens of one run; an operator applies only to a single word."""
    if len(run) > 1:
        return PhraseQuery(tuple(run))
    return PrefixQuery(run[0]) if sign == "*" else WordQuery(run[0], sounds_like=sign == "~")
