"""Program logs: one file per run, one JSON object per line, without secrets and audio."""

import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hearsay.errors import BadSettings

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class JsonLines(logging.Formatter):
    """A log record as one JSON object: time, level, logger, message, and the members of ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        members = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _STANDARD},
        }
        if record.exc_info:
            members["trace"] = self.formatException(record.exc_info)
        return json.dumps(members, ensure_ascii=False, default=str)


class _LogFile(logging.FileHandler):
    """A log handler that ignores write errors: on a full disk, a run continues without log and tracebacks."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Drop the line."""


def start_log(folder: Path) -> Path:
    """Open ``folder/yyyy-mm-dd/hh-mm-ss.log`` (local time) for log records of level INFO and higher; returns its path.

    Raises `BadSettings` if the folder cannot be written.
    """
    path = folder / datetime.now().astimezone().strftime("%Y-%m-%d/%H-%M-%S.log")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _LogFile(path, encoding="utf-8")
    except OSError as problem:
        raise BadSettings(
            f"the log {path} cannot be written ({problem.strerror}); set LOG_DIR to a writable folder"
        ) from problem
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger(__name__).info("started", extra={"command": sys.argv})
    return path
