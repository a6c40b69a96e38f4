"""The page over an index of a test's own, without a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from clips.row import ClipRow
from tests.indexer.conftest import node, open_folder  # noqa: F401 - fixtures
from tests.search_ui.apps import Open
from tests.search_ui.pages import PROJECT, load


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the page over an index of these rows, at the address with these parameters."""

    def open_page(rows: list[ClipRow] | None = None, audio: Path | None = None, **params: str | list[str]) -> AppTest:
        if rows is not None:
            load(tmp_path / "index", rows, audio)
        page = AppTest.from_file(str(PROJECT / "search_ui" / "app.py"), default_timeout=30)
        for name, value in params.items():
            page.query_params[name] = value
        return page.run()

    monkeypatch.setenv("INDEX_URL", str(tmp_path / "index"))
    _forget()
    yield open_page
    _forget()


def _forget() -> None:
    st.cache_resource.clear()
    st.cache_data.clear()
