"""One writer at a time: a lock of the file system, or, if it has none, a lock file that names the writer."""

import fcntl
import json
import logging
import os
import secrets
import socket
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

from hearsay.errors import JournalInUse
from hearsay.records.files import add_new

log = logging.getLogger(__name__)


class LockedFile(FileIO):
    """A file opened exclusively for appending, until it is closed.

    Raises `JournalInUse` while another has it. ``warning`` is a sentence if there is no lock, or only a lock file.
    Where the file system has no locks (`flock` is not there, or no lock server answers), a lock file beside the file
    names host and process; that of a process of this host which is gone is taken over.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "ab+")
        self.warning = ""
        self._lock_file: Path | None = None
        try:
            self._lock(path)
        except BaseException:
            self.close()
            raise

    def _lock(self, path: Path) -> None:
        try:
            fcntl.flock(self, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise JournalInUse(f"{path} is being written by another run; wait for it, or write elsewhere") from problem
        except OSError as problem:
            self._lock_file = _take(path)
            kept = f"{self._lock_file} keeps other runs out" if self._lock_file else "do not start a second run on it"
            self.warning = f"the file system of {path} has no locks ({problem.strerror}); {kept}"
            log.warning(self.warning)

    def close(self) -> None:
        super().close()
        lock_file, self._lock_file = getattr(self, "_lock_file", None), None
        if lock_file:
            with suppress(OSError):
                lock_file.unlink(missing_ok=True)


def _take(path: Path) -> Path | None:
    """The lock file beside a file, created by this process; None if that is impossible. Raises `JournalInUse`."""
    lock_file = path.with_name(f"{path.name}.lock")
    owner = {"host": socket.gethostname(), "pid": os.getpid(), "started": _started(os.getpid())}
    for _ in range(3):
        try:
            add_new(lock_file, json.dumps(owner).encode())
        except FileExistsError:
            _check_left_behind(path, lock_file)
        except OSError:
            return None
        else:
            return lock_file
    raise JournalInUse(f"{path} is being written by another run; wait for it, or write elsewhere")


def _check_left_behind(path: Path, lock_file: Path) -> None:
    """Remove a lock file whose process is gone; raises `JournalInUse` if it is not, or if that cannot be known here."""
    owner = _owner_of(lock_file)
    if owner is None:
        return
    if not owner or owner.get("host") != socket.gethostname() or _is_running(owner):
        who = f"process {owner.get('pid')} on {owner.get('host')}" if owner else "another run"
        raise JournalInUse(
            f"{path} is being written by {who}; wait for it, or write elsewhere. If that run has ended, remove "
            f"{lock_file}"
        )
    aside = lock_file.with_name(f"{lock_file.name}.{secrets.token_hex(4)}")
    with suppress(OSError):  # of two processes that find it only one can move it
        lock_file.rename(aside)
        aside.unlink()


def _owner_of(lock_file: Path) -> dict[str, Any] | None:
    """The owner in a lock file; empty if it has none, None if the file is gone."""
    try:
        owner = json.loads(lock_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return owner if isinstance(owner, dict) else {}


def _is_running(owner: dict[str, Any]) -> bool:
    pid = owner.get("pid")
    if not isinstance(pid, int):
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # of another user
        pass
    return owner.get("started") in (None, _started(pid))  # otherwise the process id was reused


def _started(pid: int) -> str | None:
    """The start time of a process, as Linux counts it; None if it is not known."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError, UnicodeDecodeError):
        return None
