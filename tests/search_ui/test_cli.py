"""``python -m search_ui``: what it says when it cannot serve the page."""

import re
import socket
from pathlib import Path

import pytest

from search_ui.cli import main
from search_ui.settings import PageSettings
from tests.support.pages import served_page


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PageSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_taken_port_is_said_and_the_status_is_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("PAGE_PORT", str(port))

        assert main([]) == 2

    said = capsys.readouterr().err
    assert f"127.0.0.1:{port}" in said
    assert "PAGE_PORT" in said


def test_a_setting_that_does_not_fit_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PAGE_PORT", "high")

    assert main([]) == 2
    assert "search_ui: settings: page_port: " in (said := capsys.readouterr().err)
    assert "(given: 'high')" in said


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])

    assert "example: " in capsys.readouterr().out


def test_the_page_says_its_address_and_ends_when_asked(tmp_path: Path) -> None:
    log = tmp_path / "page.log"
    with served_page({"INDEX_URL": str(tmp_path / "index")}, log) as address:
        pass

    assert log.read_text() == f"the page stands at {address} (Ctrl-C ends it)\n"


def test_every_setting_says_in_a_sentence_what_it_is() -> None:
    for field in PageSettings.model_fields.values():
        assert re.fullmatch(r"[A-Z].*\.", field.description or "")
