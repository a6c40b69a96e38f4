"""The page with an index of the test, without a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.apps import SECONDS_TO_RUN, Open, opening
from tests.support.pages import PROJECT


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the page with an index of these records and these parameters in the address."""

    with opening(
        lambda: AppTest.from_file(str(PROJECT / "search_ui" / "app.py"), default_timeout=SECONDS_TO_RUN),
        tmp_path,
        monkeypatch,
    ) as open_page:
        yield open_page
