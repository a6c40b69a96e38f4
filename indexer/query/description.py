"""The meaning of a query as one sentence in plain English."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from hearsay.text.normalize import are_overlapping
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
from indexer.schema import UNKNOWN, facet_label

_ANY: Final = ("any", "baseline")
"""Modes in which one of the words is enough."""

_FIELDS: Final = {
    "age": "from speakers in their",
    "gender": "from speakers of the gender",
    "accent": "from speakers with the accent",
    "clip": "from the recording",
    "dataset": "from the dataset",
    "language": "in the language",
    "asr_model": "transcribed by",
    "ser_model": "with an emotion predicted by",
}
_SPANS: Final = {
    "duration": "lasting {} second{s}",
    "start": "starting {} second{s} into the recording",
    "end": "ending {} second{s} into the recording",
    "wer": "with a word error rate of {}",
    "confidence": "with a confidence of {}",
    "agreement": "with an agreement of {}",
    "language_probability": "with a language probability of {}",
    "emotion_score": "with an emotion score of {}",
    "up_votes": "with {} up vote{s}",
    "down_votes": "with {} down vote{s}",
}


def describe_query(tree: SyntaxTree, mode: str) -> str:
    """The sentence, without a full stop; ``mode`` is one of `MODES`. Typed text in it is not escaped."""
    match tree:
        case Conjunction(()):
            return "all clips"
        case Disjunction(()):
            return "no clips"
        case _:
            return f"clips {_those(tree, mode, '' if mode in _ANY else ', as typed or in another form')}"


def _those(tree: SyntaxTree, mode: str, how: str = "") -> str:
    """The restriction on clips, to follow “clips” or “those”."""
    children = tree.children if isinstance(tree, Conjunction) else (tree,)
    words = [child for child in children if _is_word(child)]
    said = [child for child in children if _is_said(child) and not _is_word(child)]
    left_out = [child.child for child in children if isinstance(child, Negation)]
    others = [child for child in children if not _is_said(child) and not isinstance(child, Negation)]
    parts = [*_saying(words, said, mode, how), *(_quality(child, mode) for child in others)]
    parts += _but(left_out, is_said=bool(words or said), is_more=bool(parts))
    return ", ".join(parts) or "of any kind"


def _is_word(tree: SyntaxTree) -> bool:
    return isinstance(tree, WordQuery) or (
        isinstance(tree, Disjunction) and all(map(_is_word, tree.children)) and tree != _NO
    )


def _is_said(tree: SyntaxTree) -> bool:
    is_one = isinstance(tree, WordQuery | PhraseQuery | PrefixQuery)
    return is_one or (isinstance(tree, Disjunction) and all(map(_is_said, tree.children)) and tree != _NO)


_NO: Final = Disjunction(())


def _saying(words: Sequence[SyntaxTree], said: Sequence[SyntaxTree], mode: str, how: str) -> Iterator[str]:
    """Words first, because the mode concerns them; then phrases and prefixes."""
    if mode in _ANY and (every := [one for child in (*words, *said) for one in _alternatives(child)]):
        yield f"where {'any of ' if len(every) > 1 else ''}{_listed(every, 'or', mode)} was said"
        return
    if words:
        nouns = [_noun(word, mode, len(words)) for word in words]
        yield f"where {_joined(nouns, 'and')} {'was' if len(nouns) == 1 else 'were'} said{how}"
    if said:
        nouns = [_noun(one, mode, len(said)) for one in said]
        yield f"{'and' if words else 'with'} {_joined(nouns, 'and')}"


def _alternatives(tree: SyntaxTree) -> list[SyntaxTree]:
    if not isinstance(tree, Disjunction):
        return [tree]
    return [one for child in tree.children for one in _alternatives(child)]


def _noun(tree: SyntaxTree, mode: str, among: int = 1) -> str:
    """A noun phrase for a word or phrase; alternatives get “either” if there are others (``among`` counts all)."""
    match tree:
        case WordQuery(token):
            return f"“{token}”"
        case PhraseQuery(tokens):
            spoken = _spoken(tokens)
            return f"“{spoken}” in a row" if " " in spoken else f"“{spoken}”"
        case PrefixQuery(start):
            return f"a word beginning with “{start}”"
        case _:
            return ("either " if among > 1 else "") + _listed(_alternatives(tree), "or", mode)


def _spoken(tokens: Sequence[str]) -> str:
    """The words of a phrase; overlapping pairs of characters are joined again."""
    text = tokens[0]
    for before, token in pairwise(tokens):
        text += token[1] if are_overlapping(before, token) else f" {token}"
    return text


def _listed(said: Sequence[SyntaxTree], word: str, mode: str) -> str:
    return _joined([_noun(one, mode) for one in said], word)


def _joined(texts: Sequence[str], word: str) -> str:
    """``a, b and c``."""
    *most, last = texts
    return f"{', '.join(most)} {word} {last}" if most else last


def _but(left_out: Sequence[SyntaxTree], *, is_said: bool, is_more: bool) -> Iterator[str]:
    """What is excluded. In every mode only words as typed exclude a clip, because a possible match must not."""
    nouns = [one for child in left_out if is_said and _is_said(child) for one in _alternatives(child)]
    if nouns:
        yield f"but not {_listed(nouns, 'or', 'exact')}"
    those = [f"those {_those(child, 'exact')}" for child in left_out if not (is_said and _is_said(child))]
    if those:
        yield f"{'but not' if is_more else 'other than'} {_joined(those, 'or')}"


def _quality(tree: SyntaxTree, mode: str) -> str:
    """A condition that does not concern the words of the transcript."""
    one_of = _alternatives(tree)
    fields = {one.field for one in one_of if isinstance(one, FieldQuery)}
    if len(fields) == 1 and all(isinstance(one, FieldQuery) for one in one_of):
        return _in_field(fields.pop(), [one.value for one in one_of if isinstance(one, FieldQuery)])
    match tree:
        case RangeQuery():
            return _span(tree)
        case Disjunction() if one_of:
            return ("either " if len(one_of) > 1 else "") + _joined([_those(one, mode) for one in one_of], "or")
        case Disjunction():
            return "of no kind"
        case _:
            return _those(tree, mode)


def _in_field(field: str, values: Sequence[str]) -> str:
    if field == "text":
        return f"with {_joined([f'“{value}”' for value in values], 'or')} in the reference"
    labels = [facet_label(field, value) for value in values if value != UNKNOWN]
    known = [f"{_FIELDS.get(field, f'with the {_name(field)}')} {_joined(labels, 'or')}"] if labels else []
    unknown = [f"with no {_name(field)} given"] if UNKNOWN in values else []
    return _joined([*known, *unknown], "or")


def _name(field: str) -> str:
    return field.removeprefix("extra.").replace("_", " ")


def _span(span: RangeQuery) -> str:
    match span.low, span.high:
        case None, None:
            return f"with a known {_name(span.field)}"
        case low, None:
            amount = f"at least {low:.15g}"
        case None, high:
            amount = f"at most {high:.15g}"
        case low, high:
            amount = f"{low:.15g}" if low == high else f"{low:.15g} to {high:.15g}"
    last = span.low if span.high is None else span.high
    return _SPANS[span.field].format(amount, s="" if last == 1 else "s")
