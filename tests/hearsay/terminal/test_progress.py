"""Progress without a terminal."""

import pytest

from hearsay.terminal.progress import followed, load_progress


def test_recordings_are_counted_in_lines_without_a_terminal(capsys: pytest.CaptureFixture[str]):
    assert list(followed(iter("abc"), 3)) == ["a", "b", "c"]
    assert capsys.readouterr().err == "3 of 3 recordings\n"


@pytest.mark.parametrize("color", ["", "1"])
def test_a_load_prints_no_bar_without_a_terminal(
    color: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("FORCE_COLOR", color)
    with load_progress(2) as step:
        step()
        step()
    assert capsys.readouterr() == ("", "")
