"""*Check against the audio*: the most probable possible matches, whose texts the API scores one after the other.

The check runs in a fragment, so that the results stay as they are meanwhile.
"""

from collections.abc import Sequence
from html import escape
from typing import Final

import streamlit as st

from hearsay.client import Client
from hearsay.config import cache_path
from hearsay.errors import ApiError, HearsayError
from hearsay.results.text_scores import TextScores
from hearsay.text.format import probability
from indexer.matching.checking import CheckedPossibleMatch, checked, ranked
from indexer.matching.probability import words_of
from indexer.matching.verification import MOST_CHECKED, Check, verification_model
from search_ui.connection import audio_store, the_settings
from search_ui.search.facets import escape_markdown
from search_ui.search.request import ResultPage, most_probable
from search_ui.state import SearchState

_KEY: Final = "check against the audio"

_CHECKED: Final = "checked against the audio"
"""The address of the search that was checked, and the outcome as HTML."""

_RETRY_SECONDS: Final = 5.0


class _ApiScorer:
    """Scores texts with the speech model of the API; raises `ApiError` if it has none that is ready."""

    def __init__(self, client: Client) -> None:
        health = client.health()
        if not health.is_ready or not health.asr_model:
            raise ApiError(f"{client.url} is still loading its models, or could not load them; try again later")
        self._client = client
        self.model = health.asr_model
        self.identity = f"{health.asr_model} {health.asr_weights} {health.asr_precision}"

    def score(self, audio: bytes, check: Check) -> TextScores:
        return self._client.score_texts(audio, check.transcript, check.texts, start=check.start, end=check.end)


@st.fragment
def show_audio_check(state: SearchState, found: ResultPage) -> None:
    """The button, and the outcome of the check of this search."""
    help_text = f"The API's speech model scores the {MOST_CHECKED} most probable ones against their audio."
    if st.button("Check against the audio", key=_KEY, type="tertiary", help=help_text):
        try:
            st.session_state[_CHECKED] = (state.address, _outcome(state, found))
        except HearsayError as problem:
            st.info(escape_markdown(f"Possible matches were not checked against their audio: {problem}"))
            return
    address, outcome = st.session_state.get(_CHECKED, ("", ""))
    if address == state.address:
        st.html(outcome)


def _outcome(state: SearchState, found: ResultPage) -> str:
    """Check the most probable possible matches, with progress; raises `HearsayError` if none can be checked."""
    settings = the_settings()
    possible = most_probable(state, MOST_CHECKED)
    key = settings.api_key.get_secret_value() or None
    verdicts = []
    with (
        Client(settings.api_url, key, timeout=settings.api_timeout, retry_seconds=_RETRY_SECONDS) as client,
        st.empty().container(),
    ):
        bar = st.progress(0.0, text="Checking against the audio")
        scorer = _ApiScorer(client)
        words = words_of(found.plan)
        for one in checked(possible, words, audio_store().find, scorer, cache_path("checks")):
            verdicts.append(one)
            bar.progress(len(verdicts) / len(possible), text=f"Checked {len(verdicts)} of {len(possible)}")
        bar.empty()
    return outcome_html(verdicts, scorer.model, verification_model(scorer.model).threshold(words))


def outcome_html(verdicts: Sequence[CheckedPossibleMatch], model: str, least: float) -> str:
    """The checked possible matches with their revised probabilities, the most probable first; then the others."""
    lines = "".join(f"<li>{_verdict_html(one, least)}</li>" for one in ranked(verdicts))
    return (
        f'<p class="total" role="status">Probabilities after the check with {escape(model)}:</p>'
        f'<ol class="checked">{lines}</ol>'
    )


def _verdict_html(one: CheckedPossibleMatch, least: float) -> str:
    passage = one.possible.passage
    about = f'<bdi>{escape(passage.row.generated_text)}</bdi> <span class="clip">{escape(passage.id)}</span>'
    if not one.is_checked:
        return f'{about} <span class="how">not checked: {escape(one.reason)}</span>'
    verdict = "" if one.possible.probability >= least else ' <span class="how">unlikely</span>'
    return f'<b class="probability">{probability(one.possible.probability)}</b> {about}{verdict}'
