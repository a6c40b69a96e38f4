"""The command ``python -m search_ui``: its messages, help and exit status."""

import re
import socket
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from search_ui.cli import main
from search_ui.settings import PageSettings
from tests.support.pages import served_page


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PageSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_port_in_use_is_reported_with_status_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("PAGE_PORT", str(port))

        assert main([]) == 2

    message = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1:{port}" in message
    assert "PAGE_PORT" in message


def test_an_invalid_setting_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PAGE_PORT", "high")

    assert main([]) == 2
    assert "search_ui: settings: page_port: " in (message := capsys.readouterr().err)
    assert "(given: 'high')" in message


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])

    assert "example: " in capsys.readouterr().out


@pytest.mark.parametrize("command", [("search_ui",), ("hearsay", "page")])
def test_the_page_prints_only_its_address_and_ends_on_a_signal(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Streamlit prints more if it does not find the configuration of the page, which also has its theme."""
    log = tmp_path / "page.log"
    with served_page({"INDEX_URL": str(tmp_path / "index")}, log, command) as address:
        pass

    assert log.read_text() == f"serving the page at {address} (Ctrl-C to stop)\n"


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_the_page_listens_on_ipv6(host: str, tmp_path: Path) -> None:
    settings = {"INDEX_URL": str(tmp_path / "index"), "PAGE_HOST": host}
    with served_page(settings, tmp_path / "page.log") as address, urlopen(address) as answer:
        assert answer.status == 200
        assert address.startswith("http://[::1]:")

    assert (tmp_path / "page.log").read_text() == f"serving the page at {address} (Ctrl-C to stop)\n"


def test_the_page_answers_head_requests(tmp_path: Path) -> None:
    with served_page({"INDEX_URL": str(tmp_path / "index")}, tmp_path / "page.log") as address:
        for path in ("", "insights", "_stcore/health", "completions?q=a"):
            with urlopen(Request(f"{address}/{path}", method="HEAD")) as answer:
                assert (answer.status, answer.read()) == (200, b"")


def test_every_setting_has_a_description() -> None:
    for field in PageSettings.model_fields.values():
        assert re.fullmatch(r"[A-Z].*\.", field.description or "")
