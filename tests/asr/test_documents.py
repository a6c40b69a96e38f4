"""The API documentation in a browser that can reach only the API."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.serving import server_of, small_models


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with server_of(small_models(), monkeypatch, api_keys="secret") as address:
        yield address


def test_the_api_documentation_needs_no_internet_access_and_no_key(tab: Page, address: str):
    urls: list[str] = []
    tab.on("request", lambda request: urls.append(request.url))
    tab.goto(f"{address}/docs")
    expect(tab.get_by_text("Transcribe one or more files and recognise the emotion")).to_be_visible()
    expect(tab.get_by_role("button", name="Authorize")).to_be_visible()
    assert len(urls) >= 4
    assert [url for url in urls if not url.startswith((address, "data:"))] == []
