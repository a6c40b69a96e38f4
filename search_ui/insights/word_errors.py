"""The most frequent word errors, with links to clips that contain them."""

from collections.abc import Sequence
from html import escape
from typing import Final

from indexer.insights.statistics import FEWEST_OCCURRENCES, CollectionStatistics
from indexer.insights.word_errors import WordConfusions
from search_ui.insights.charts import Bar, words_html
from search_ui.insights.error_rates import link, noun
from search_ui.search.hits import link_html
from search_ui.state import SearchState

MAX_REPLACEMENTS: Final = 4
"""Replacements shown per word; those that occur once are shown only if none occurs more often."""

_EXPLANATION: Final = (
    "The number beside a replacement is how often it occurs. Its link finds every {noun} whose reference contains the "
    "word and whose transcript contains the replacement, at any position: for short words, many more. Words are shown "
    "as the normaliser writes them (20 for twenty, color for colour), without a link if no reference has this form."
)

_PARTS: Final = " Each passage of a recording has the reference of the whole recording; its errors are not counted."


def word_errors_html(stats: CollectionStatistics, state: SearchState) -> str:
    """The words with the most errors and with the highest error rates; empty if no clip has a reference."""
    word_errors = stats.word_errors
    if not word_errors.compared:
        return ""
    if not word_errors.most_frequent:
        return "<p>No word errors: all transcripts match their references.</p>"
    explanation = _EXPLANATION.format(noun=noun(stats)) + (_PARTS if stats.has_parts else "")
    most_frequent = f"<p>{explanation}</p>" + _table(stats, word_errors.most_frequent, state, "Words with most errors")
    if not word_errors.highest_rate:
        return most_frequent
    title = f"Words with errors in at least half of their occurrences ({FEWEST_OCCURRENCES} or more occurrences)"
    return most_frequent + _table(stats, word_errors.highest_rate, state, title)


def _table(stats: CollectionStatistics, words: Sequence[WordConfusions], state: SearchState, what: str) -> str:
    passages_with = stats.word_errors.passages_with
    rows = [
        (
            Bar(word.word, passages_with[word.word], link(state.with_words(f'text:"{word.word}"'))),
            f"{word.errors:,} of {word.occurrences:,}",
            _replacements(word, state, is_linked=passages_with[word.word] > 0),
        )
        for word in words
    ]
    return words_html(rows, what, noun(stats))


def _replacements(word: WordConfusions, state: SearchState, *, is_linked: bool) -> str:
    repeated = [(replacement, count) for replacement, count in word.replacements.items() if count > 1]
    shown = (repeated or list(word.replacements.items()))[:MAX_REPLACEMENTS]
    items = []
    for replacement, count in shown:
        what = escape(replacement) or "<em>deleted</em>"
        if replacement and is_linked:
            query = f'text:"{word.word}" "{replacement}"'
            what = link_html(replacement, link(state.with_words(query).in_mode("exact")))
        items.append(f"<span>{what} <small>{count:,}</small></span>")
    if others := word.errors - sum(count for _, count in shown):
        items.append(f"<span>other <small>{others:,}</small></span>")
    return "".join(items)
