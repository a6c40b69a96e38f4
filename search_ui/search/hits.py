"""A hit as HTML: the transcript with its marks, and around it, small, what else is known of the clip.

Everything that comes from a row is escaped here; the page adds nothing of a row to its HTML anywhere else.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

from hearsay.records.clip import ClipRow
from hearsay.records.emotions import UNCERTAIN
from hearsay.text.format import clock, duration
from hearsay.text.normalize import words as counted_words
from indexer.passages import Passage
from indexer.query.explanation import Evidence, explanation_of
from indexer.query.highlight import highlight
from indexer.schema import facet_label
from search_ui.export.menu import subtitles_html
from search_ui.search.difference import difference_html
from search_ui.search.transcript import words_html

EMBEDDED_MODELS: Final = {
    "pocketsphinx": "the recogniser inside Hearsay, which mishears more than a large model does",
    "classic": "the emotion model inside Hearsay, which would rather say uncertain than guess",
}
"""Models that answer where a better one is not at hand, by the beginning of their names, and what that means."""


END_OF_CERTAINTY: Final = "from here on a word is missing, guessed or in another form"


@dataclass(frozen=True, slots=True)
class HitContext:
    """What stands beside a hit: the address of its ``audio``, None where there is none, and ``links`` by their texts.

    ``common`` is the reference that stands above the list and need not be repeated; ``picture`` is the address of a
    picture of the sound. The passage at which a recording was opened ``is_opened``.
    """

    audio: str | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    common: str = ""
    picture: str | None = None
    is_opened: bool = False


def hit_html(passage: Passage, evidence: Sequence[Evidence], beside: HitContext) -> str:
    """One hit as an item of a list, with its words marked and how they were heard."""
    return (
        f'<li class="hit{" opened" if beside.is_opened else ""}"{_stretch(passage)}>{_player(passage, beside)}'
        f'<div class="said"><div>{_transcript(passage.row, evidence, is_playable=beside.audio is not None)}'
        f"{_how(evidence)}{_reference(passage, beside.common)}</div>"
        f'<p class="about">{"".join(_facts(passage))}<span class="rest">'
        f'<span class="clip">{escape(passage.clip)}</span>{_links(beside.links)}{subtitles_html(passage)}</span></p>'
        "</div></li>"
    )


def hits_html(items: Sequence[str], first: int, certain: int | None = None) -> str:
    """The hits, numbered on from ``first``; a rule tells that certainty ends before the item at ``certain``.

    It stands between two lists, since a list holds nothing but items.
    """
    if certain is None:
        return _list(items, first)
    rule = f'<div class="doubt" role="separator" aria-label="{END_OF_CERTAINTY}"><span>{END_OF_CERTAINTY}</span></div>'
    return f"{_list(items[:certain], first)}{rule}{_list(items[certain:], first + certain)}"


def _list(items: Sequence[str], first: int) -> str:
    return f'<ol class="hits" start="{first}">{"".join(items)}</ol>' if items else ""


def link_html(text: str, address: str) -> str:
    """A link to another search of this page."""
    return f'<a class="go" href="{escape(address)}" target="_self">{escape(text)}</a>'


def models_note(rows: Iterable[ClipRow]) -> str:
    """Who heard and who tagged these clips, as a line for the foot of the page; empty where nobody is named."""
    rows = list(rows)
    lines = (_named("heard by", {row.asr_model for row in rows}), _named("tagged by", {row.ser_model for row in rows}))
    note = " · ".join(filter(None, lines))
    return f'<p class="models">{note}</p>' if note else ""


def _named(verb: str, models: set[str]) -> str:
    names = [f"{escape(model)}{_fallback(model)}" for model in sorted(models) if model]
    return f"{verb} {', '.join(names)}" if names else ""


def _fallback(model: str) -> str:
    what = next((what for name, what in EMBEDDED_MODELS.items() if model.startswith(name)), "")
    return f" ({what})" if what else ""


def _player(passage: Passage, beside: HitContext) -> str:
    length = "" if passage.row.duration is None else duration(passage.row.duration)
    if beside.audio is None:
        why = "no audio was found"
        return f'<div class="player"><span class="play silent" title="{why}">{length or "no audio"}</span></div>'
    label = escape(f"Play {passage.id}{', ' if length else ''}{length}")
    return (
        f'<div class="player"><button class="play" type="button" aria-label="{label}" aria-pressed="false">{length}'
        f'</button>{_look(passage, beside.picture)}<audio preload="none" src="{escape(beside.audio)}"></audio></div>'
    )


def _look(passage: Passage, picture: str | None) -> str:
    """What opens a picture of the sound, which is drawn no sooner."""
    if picture is None:
        return ""
    label = escape(f"look at the sound of {passage.id}")
    return (
        f'<button class="look" type="button" data-picture="{escape(picture)}" aria-label="{label}" '
        'aria-expanded="false">look</button>'
    )


def _stretch(passage: Passage) -> str:
    """Where a part of a recording starts and ends; a whole clip plays from beginning to end, whatever its row says."""
    if passage.is_whole:
        return ""
    end = "" if passage.end is None else f' data-end="{passage.end:g}"'
    return f' data-start="{passage.start:g}"{end}'


def _transcript(row: ClipRow, evidence: Sequence[Evidence], *, is_playable: bool) -> str:
    if not row.generated_text:
        why = f"could not be heard: {escape(row.error)}" if row.error else "nothing was heard"
        return f'<p class="transcript none">{why}</p>'
    words = row.words if is_playable else ()
    return f'<p class="transcript">{words_html(highlight(row.generated_text, evidence), words)}</p>'


def _how(evidence: Sequence[Evidence]) -> str:
    how = explanation_of(evidence)
    return f'<p class="how">{escape(how)}</p>' if how else ""


def _links(links: Mapping[str, str]) -> str:
    if not links:
        return ""
    return f'<span class="more">{" · ".join(link_html(text, address) for text, address in links.items())}</span>'


def _reference(passage: Passage, common: str) -> str:
    """What was to be said, where it is known of the whole passage, and how that differs from what was heard."""
    row = passage.row
    is_part = not passage.is_whole
    known = (counted_words(common), counted_words(row.generated_text))
    if is_part or not row.text or counted_words(row.text) in known:
        return ""
    return f'<p class="reference"><span>said</span> {difference_html(row.text, row.generated_text)}</p>'


def _facts(passage: Passage) -> Iterable[str]:
    row = passage.row
    if row.emotion:
        dot = "○" if row.sentiment == UNCERTAIN else "●"
        yield f'<span><i aria-hidden="true">{dot}</i> {escape(row.emotion)}{score_label(row.emotion_score)}</span>'
    speaker = [facet_label(facet, value) for facet in ("age", "gender", "accent") if (value := getattr(row, facet))]
    if speaker:
        yield f"<span>{escape(' · '.join(speaker))}</span>"
    if row.confidence is not None:
        yield f"<span>confidence{score_label(row.confidence)}</span>"
    if (rate := passage.wer()) is not None:
        yield f'<span title="word errors by word of the reference">WER {f"{rate:.2f}".removeprefix("0")}</span>'
    if not passage.is_whole:
        yield f"<span>{clock(passage.start)}{f'–{clock(passage.end)}' if passage.end is not None else ''}</span>"


def score_label(score: float | None) -> str:
    """A score of 0..1 as it stands on the page: two places, cut and not rounded, so that only certainty is 1.00."""
    return "" if score is None else f" {math.floor(score * 100 + 1e-9) / 100:.2f}".replace(" 0.", " .")
