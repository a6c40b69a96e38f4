"""Words that were heard wrong, and as what: each a link to the clips among which are those where that happened."""

from collections.abc import Sequence
from typing import Final

from indexer.insights.statistics import FEWEST_OCCURRENCES, CollectionStatistics
from indexer.insights.word_errors import WordConfusions
from search_ui.insights.charts import Bar, words_html
from search_ui.insights.error_rates import link, noun
from search_ui.search.hits import link_html
from search_ui.state import SearchState

MAX_SUBSTITUTES: Final = 4
"""Things heard in place of one word that are shown; what was heard but once only where all were."""

_TOLD: Final = (
    "The number beside what was heard tells how often that happened. Its link finds every {noun} that was to say the "
    "one and was heard to say the other, wherever in the {noun}: of short words, many more."
)

_PARTS: Final = (
    " Each passage of a recording counts as one that was to say all that the recording says; "
    "what was heard wrong in it is not counted."
)


def word_errors_html(stats: CollectionStatistics, state: SearchState) -> str:
    """The words that were heard wrong most often, and those that were seldom heard right; empty if nobody knows."""
    word_errors = stats.word_errors
    if not word_errors.compared:
        return ""
    if not word_errors.most_frequent:
        return "<p>None: every word was heard as it was to be said.</p>"
    told = _TOLD.format(noun=noun(stats)) + (_PARTS if stats.has_parts else "")
    most_frequent = f"<p>{told}</p>" + _table(stats, word_errors.most_frequent, state, "Words most often heard wrong")
    if not word_errors.highest_rate:
        return most_frequent
    seldom = f"Words heard wrong every other time or more, of those said at least {FEWEST_OCCURRENCES} times"
    return most_frequent + _table(stats, word_errors.highest_rate, state, seldom)


def _table(stats: CollectionStatistics, words: Sequence[WordConfusions], state: SearchState, what: str) -> str:
    rows = [
        (
            Bar(
                word.word,
                stats.word_errors.passages_with[word.word],
                link(state.with_words(f'text:"{word.word}"')),
            ),
            f"{word.errors:,} of {word.occurrences:,}",
            _heard(word, state),
        )
        for word in words
    ]
    return words_html(rows, what, noun(stats))


def _heard(word: WordConfusions, state: SearchState) -> str:
    again = [(heard, count) for heard, count in word.replacements.items() if count > 1]
    shown = (again or list(word.replacements.items()))[:MAX_SUBSTITUTES]
    told = [_instead(word.word, heard, count, state) for heard, count in shown]
    if others := word.errors - sum(count for _, count in shown):
        told.append(f"<span>something else <small>{others:,}</small></span>")
    return "".join(told)


def _instead(word: str, heard: str, count: int, state: SearchState) -> str:
    if not heard:
        return f"<span><em>not at all</em> <small>{count:,}</small></span>"
    address = link(state.with_words(f'text:"{word}" "{heard}"').in_mode("exact"))
    return f"<span>{link_html(heard, address)} <small>{count:,}</small></span>"
