"""The page as Streamlit runs it, without a browser: records to show, and functions that read the page."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from hearsay.records.clip import ClipRow
from tests.support.pages import load

SECONDS_TO_RUN = 120
"""The time limit for drawing the page once, on a busy machine."""

AGES = ("teens", "twenties", "")

ROWS = [
    ClipRow(
        f"set/{number:02}.mp3",
        generated_text=f"the dog number {number} barks",
        age=AGES[number % 3],
        duration=1.0 + number,
        emotion="angry" if number % 2 else "uncertain",
        sentiment="negative" if number % 2 else "uncertain",
        asr_model="pocketsphinx",
    )
    for number in range(25)
]

Open = Callable[..., AppTest]
"""Opens the page with an index of these records, if given, and these parameters in the address."""


@contextmanager
def opening(make: Callable[[], AppTest], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """A function that opens the page with an index in the folder; caches of earlier tests are cleared."""

    def open_page(rows: list[ClipRow] | None = None, audio: Path | None = None, **params: str | list[str]) -> AppTest:
        if rows is not None:
            load(folder / "index", rows, audio)
        page = make()
        for name, value in params.items():
            page.query_params[name] = value
        return page.run()

    monkeypatch.setenv("INDEX_URL", str(folder / "index"))
    clear_caches()
    yield open_page
    clear_caches()


def clear_caches() -> None:
    st.cache_resource.clear()
    st.cache_data.clear()


def html(page: AppTest) -> str:
    assert not page.exception
    bodies = [element.proto.body for element in page.get("html")]
    return "\n".join(body for body in bodies if not body.startswith(("<script>", "<style>")))


def hits(page: AppTest) -> int:
    return html(page).count('<li class="hit">')


def possible(page: AppTest) -> int:
    """The number of possible matches that are listed."""
    return html(page).count('<li class="hit possible">')


def choices(page: AppTest, facet: str) -> list[str]:
    return [option.content for option in page.button_group(key=facet).proto.options]


def address(page: AppTest) -> dict[str, list[str]]:
    return {name: values if isinstance(values, list) else [values] for name, values in page.query_params.items()}
