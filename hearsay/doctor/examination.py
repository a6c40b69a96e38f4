"""Runs the checks in parallel, each for a limited time, so that one that hangs does not block the others."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from hearsay.doctor.findings import Check, Finding, problem, warning
from hearsay.errors import BadSettings, HearsayError

LIMIT_SECONDS: Final = 30.0
"""The time limit of all checks together."""


@dataclass(slots=True)
class _Running:
    """A check that runs in a daemon thread, which does not keep the program from ending."""

    part: str
    check: Check
    found: list[Finding] = field(default_factory=list)

    def work(self) -> None:
        self.found = list(_findings_of(self.check))


def examined(checks: Mapping[str, Check], limit: float = LIMIT_SECONDS) -> Iterator[tuple[str, Finding]]:
    """Every finding with its part, in the order of the checks; a check that takes too long is a problem."""
    over = time.monotonic() + limit
    running = [_Running(part, check) for part, check in checks.items()]
    threads = [threading.Thread(target=each.work, daemon=True) for each in running]
    for thread in threads:
        thread.start()
    for each, thread in zip(running, threads, strict=True):
        thread.join(max(0.0, over - time.monotonic()))
        if thread.is_alive():
            yield (
                each.part,
                problem(f"the check did not finish within {limit:.0f} s", "try again when the machine is less busy"),
            )
        else:
            yield from ((each.part, finding) for finding in each.found)


def _findings_of(check: Check) -> Iterator[Finding]:
    try:
        yield from check()
    except BadSettings:  # the configuration check reports which
        yield warning("not checked, because a setting is wrong", "correct the configuration first")
    except HearsayError as found:
        yield problem(str(found), "")
    except Exception as found:  # noqa: BLE001 - one check that fails must not hide the others
        yield problem(f"this check failed: {type(found).__name__}: {found}", "please report it")
