"""Trying again: exponential backoff with full jitter, bounded in number and time, and no sooner than was asked for.

Full jitter draws each pause from zero up to a bound that doubles, so that clients which were turned away together do
not come back together (M. Brooker, "Exponential Backoff And Jitter", 2015).
"""

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on after the first failure: ``seconds`` in all, at most ``tries``, pauses up to ``longest``."""

    seconds: float
    tries: int = 60
    first: float = 0.5
    longest: float = 15.0

    def pause(self, failed: int) -> float:
        """Seconds to wait after so many failures, from 1 on."""
        bound = min(self.longest, self.first * 2.0 ** min(failed - 1, 30))
        return random.uniform(0, bound)  # noqa: S311  # no secret hangs on it


class GivenUp(Exception):
    """Patience is at its end; says what failed last."""


class Tries:
    """The tries of one request."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._failed = 0
        self._until = float("inf")

    async def pause(self, reason: str, told: float = 0.0) -> None:
        """Wait before the next try, at least the ``told`` seconds; raises `GivenUp` with the reason instead."""
        await asyncio.sleep(self.seconds(reason, told))

    def seconds(self, reason: str, told: float = 0.0) -> float:
        """Count a failure: seconds to wait before the next try; raises `GivenUp` likewise."""
        now = time.monotonic()
        self._failed += 1
        if self._failed == 1:
            self._until = now + self._patience.seconds
        if self._failed >= self._patience.tries or now + told >= self._until:
            raise GivenUp(reason)
        return min(told + self._patience.pause(self._failed), self._until - now)


def seconds_told(retry_after: str) -> float:
    """Seconds that a ``Retry-After`` header asks for, as a number or as a date (RFC 9110, 10.2.3); 0 for nonsense."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max(0.0, (until - datetime.now(UTC)).total_seconds()) if until.tzinfo else 0.0
