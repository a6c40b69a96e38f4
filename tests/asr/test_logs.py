"""Log files: their location and the format of a line."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from asr.logs import start_log
from hearsay.errors import BadSettings


@pytest.fixture
def log_path(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield start_log(tmp_path)
    root.setLevel(level)
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)
        handler.close()


def logged(path: Path, message: str) -> dict[str, str | float]:
    """The line with this message; running threads may write other lines."""
    (line,) = (line for line in map(json.loads, path.read_text().splitlines()) if line["message"] == message)
    return line


def test_the_log_file_is_named_by_date_and_time(log_path: Path, tmp_path: Path):
    assert re.fullmatch(r"\d{4}-\d\d-\d\d/\d\d-\d\d-\d\d\.log", log_path.relative_to(tmp_path).as_posix())


def test_a_line_is_a_json_object_with_the_extra_fields(log_path: Path):
    logging.getLogger("asr.test").warning("clip failed", extra={"clip": "set/é.wav", "seconds": 1.5})
    line = logged(log_path, "clip failed")
    assert line["level"] == "warning"
    assert (line["clip"], line["seconds"]) == ("set/é.wav", 1.5)
    assert line["time"].endswith("+00:00")


def test_an_exception_is_logged_with_its_stack_trace(log_path: Path):
    try:
        int("broken")
    except ValueError:
        logging.getLogger("asr.test").exception("model failed")
    assert "ValueError: invalid literal" in logged(log_path, "model failed")["trace"]


def test_an_invalid_log_folder_is_reported_with_its_setting(tmp_path: Path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BadSettings, match="set LOG_DIR"):
        start_log(tmp_path / "file")
