"""A search result as HTML: the highlighted transcript, how it matches, the reference, and metadata of the clip.

This is the only place where fields of a record become HTML, and every one of them is escaped here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

from hearsay.records.clip import ClipRow
from hearsay.records.emotions import UNCERTAIN
from hearsay.records.score import language_of
from hearsay.records.transcript import ModelTranscript
from hearsay.text.format import clock, duration, percent, probability
from hearsay.text.normalize import words as normalised_words
from hearsay.text.scoring import normalizer_in_words
from indexer.passages import Passage
from indexer.query.explanation import Evidence, explanation_of
from indexer.query.highlight import highlight
from indexer.schema import facet_label
from search_ui.export.menu import subtitles_html
from search_ui.search.difference import difference_html
from search_ui.search.transcript import words_html

EMBEDDED_MODELS: Final = {
    "pocketsphinx": "built in, less accurate than large speech models",
    "whisper-emotion": "built in; on speech unlike its training data, many labels are wrong",
    "classic": "built in, labels most clips uncertain",
}
"""Notes on the built-in models, which are used if no better one is available, by the beginning of their names."""

SIMILAR: Final = "Similar clips"
"""Label of the link to clips that share rare words with a result."""


@dataclass(frozen=True, slots=True)
class HitContext:
    """What a result shows besides the passage itself.

    ``audio`` and ``spectrogram`` are addresses, None if the clip's audio is not available. ``links`` maps labels to
    addresses. ``common`` is the reference shown above the list, which is not repeated. ``is_opened`` marks the passage
    at which a recording was opened. ``probability`` is that of a possible match, None for a match.
    """

    audio: str | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    common: str = ""
    spectrogram: str | None = None
    is_opened: bool = False
    probability: float | None = None


def hit_html(passage: Passage, evidence: Sequence[Evidence], context: HitContext) -> str:
    """One result as a list item."""
    links = " · ".join(link_html(label, address) for label, address in context.links.items())
    more = f'<span class="more">{links}</span>' if links else ""
    return (
        f'<li class="{_classes(context)}"{_stretch(passage)}>{_player(passage, context)}'
        f'<div class="said"><div>{_transcript(passage.row, evidence, is_playable=context.audio is not None)}'
        f"{_explanation(passage, evidence, context.probability)}{_reference(passage, context.common)}"
        f"{''.join(_further(passage.row, further) for further in passage.row.transcripts)}</div>"
        f'<p class="about">{"".join(_metadata(passage))}<span class="rest">'
        f'<span class="clip">{escape(passage.clip)}</span>{more}{subtitles_html(passage)}</span></p></div></li>'
    )


def hits_html(items: Sequence[str], first: int = 1) -> str:
    """The results, numbered from ``first``."""
    return f'<ol class="hits" start="{first}">{"".join(items)}</ol>' if items else ""


def link_html(text: str, address: str) -> str:
    """A link to another search of this page."""
    return f'<a class="go" href="{escape(address)}" target="_self">{escape(text)}</a>'


def models_note(rows: Iterable[ClipRow]) -> str:
    """The models that transcribed and labelled these clips, as a footer; empty if no record names a model."""
    rows = list(rows)
    lines = (
        _named("speech model", {row.asr_model for row in rows}),
        _named("second speech model", {further.model for row in rows for further in row.transcripts}),
        _named("emotion model", {row.ser_model for row in rows}),
    )
    note = " · ".join(filter(None, lines))
    return f'<p class="models">{note[:1].upper()}{note[1:]}</p>' if note else ""


def _named(kind: str, models: set[str]) -> str:
    names = [f"{escape(model)}{_note(model)}" for model in sorted(models) if model]
    return f"{kind}{'s' if len(names) > 1 else ''}: {', '.join(names)}" if names else ""


def _note(model: str) -> str:
    note = next((note for name, note in EMBEDDED_MODELS.items() if model.startswith(name)), "")
    return f" ({note})" if note else ""


def _classes(context: HitContext) -> str:
    possible = " possible" if context.probability is not None else ""
    return f"hit{possible}{' opened' if context.is_opened else ''}"


def _explanation(passage: Passage, evidence: Sequence[Evidence], chance: float | None) -> str:
    """The words that do not match as typed; of a possible match also its probability.

    If the reference of a possible match is known, it has the words.
    """
    parts = [escape(explanation_of(evidence))]
    if chance is not None:
        parts.append("in the reference" if passage.row.text and passage.is_whole else "")
        number = probability(chance) if chance >= 0.01 else "under 0.01"
        parts.append(f'<span class="probability">{number}</span>')
    text = ", ".join(filter(None, parts))
    return f'<p class="how">{text}</p>' if text else ""


def _player(passage: Passage, context: HitContext) -> str:
    length = "" if passage.row.duration is None else duration(passage.row.duration)
    if context.audio is None:
        title = "The audio file was not found"
        return f'<div class="player"><span class="play silent" title="{title}">{length or "no audio"}</span></div>'
    label = escape(f"Play {passage.id}{', ' if length else ''}{length}")
    return (
        f'<div class="player"><button class="play" type="button" aria-label="{label}" aria-pressed="false">{length}'
        f"</button>{_spectrogram_button(passage, context.spectrogram)}"
        f'<audio preload="none" src="{escape(context.audio)}"></audio></div>'
    )


def _spectrogram_button(passage: Passage, address: str | None) -> str:
    """Opens the spectrogram; the server draws it on the first click."""
    if address is None:
        return ""
    label = escape(f"Spectrogram of {passage.id}")
    return (
        f'<button class="spectrogram" type="button" data-picture="{escape(address)}" aria-label="{label}" '
        'aria-expanded="false">Spectrogram</button>'
    )


def _stretch(passage: Passage) -> str:
    """Start and end of a part of a recording; a whole clip plays from beginning to end, whatever its record says."""
    if passage.is_whole:
        return ""
    end = "" if passage.end is None else f' data-end="{passage.end:g}"'
    return f' data-start="{passage.start:g}"{end}'


def _transcript(row: ClipRow, evidence: Sequence[Evidence], *, is_playable: bool) -> str:
    if not row.generated_text:
        reason = f"Not transcribed: {escape(row.error)}" if row.error else "No speech recognised"
        return f'<p class="transcript none" dir="auto">{reason}</p>'
    words = row.words if is_playable else ()
    return f'<p class="transcript" dir="auto">{words_html(highlight(row.generated_text, evidence), words)}</p>'


def _reference(passage: Passage, common: str) -> str:
    """The reference with the word errors marked; empty for a part of a recording, and if there is no error."""
    row = passage.row
    known = (normalised_words(common), normalised_words(row.generated_text))
    if not passage.is_whole or not row.text or normalised_words(row.text) in known or passage.wer() == 0:
        return ""
    difference = difference_html(row.text, row.generated_text, language_of(row))
    return f'<p class="reference"><span>Reference:</span> <bdi>{difference}</bdi></p>'


def _further(row: ClipRow, further: ModelTranscript) -> str:
    """A further transcript with its differences to the first one; empty if there are none."""
    if not further.text and further.error:
        text = f"not transcribed: {escape(further.error)}"
    elif normalised_words(further.text) == normalised_words(row.generated_text):
        return ""
    else:
        language = language_of(row)
        text = difference_html(further.text, row.generated_text, language, name="second transcript") or "nothing"
    return f'<p class="further"><span>{escape(further.model or "Second model")}:</span> <bdi>{text}</bdi></p>'


def _metadata(passage: Passage) -> Iterable[str]:
    row = passage.row
    if row.emotion:
        yield f"<span>{emotion_html(row)}</span>"
    speaker = [facet_label(facet, value) for facet in ("age", "gender", "accent") if (value := getattr(row, facet))]
    if speaker:
        yield f"<span>{escape(' · '.join(speaker))}</span>"
    if row.confidence is not None:
        yield f"<span>confidence {probability(row.confidence)}</span>"
    if (rate := passage.wer()) is not None:
        title = f"Word error rate: word errors divided by the words of the reference. {normalizer_note()}"
        yield f'<span title="{title}">WER {percent(rate)}</span>'
    if (agreement := row.agreement) is not None:
        title = "Agreement of the two transcripts: 1 minus the word error rate of one against the other"
        yield f'<span title="{title}">agreement {probability(agreement)}</span>'
    if not passage.is_whole:
        yield f"<span>{clock(passage.start)}{f'–{clock(passage.end)}' if passage.end is not None else ''}</span>"


def normalizer_note() -> str:
    """How texts are normalised before their word errors are counted; stated beside word error rates."""
    whisper, plain = normalizer_in_words("whisper"), normalizer_in_words("plain")
    return f"English texts are normalised by {whisper}, texts in other languages by {plain}."


def emotion_html(row: ClipRow) -> str:
    """The emotion label and its probability; a hollow dot stands for *uncertain*."""
    dot = "○" if row.sentiment == UNCERTAIN else "●"
    score = "" if row.emotion_score is None else f" {probability(row.emotion_score)}"
    return f'<i aria-hidden="true">{dot}</i> {escape(row.emotion)}{score}'
