"""The retry policy of every request to the API: exponential backoff with full jitter that respects ``Retry-After``.

Full jitter draws each pause from zero up to a bound that doubles, so that clients that were rejected together do not
return together (M. Brooker, "Exponential Backoff And Jitter", 2015).
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a request is retried.

    No attempt begins later than ``seconds`` after the first failure, and there are at most ``attempts``. The bound of
    the pauses between them is ``first`` seconds and doubles up to ``longest``. Of these attempts, at most
    ``fault_attempts`` may end in a server error (such as HTTP 500). An unreachable server is retried
    only if ``retries_unreachable`` is set and it has responded before.
    """

    seconds: float
    attempts: int = 60
    first: float = 0.5
    longest: float = 15.0
    fault_attempts: int = 1
    retries_unreachable: bool = True


class TemporaryFailure(Exception):
    """A failed attempt that may be retried: the reason, and how many seconds the server asks to wait."""

    def __init__(self, reason: str, retry_after: float = 0.0, *, is_unreachable: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.is_unreachable = is_unreachable


async def with_retries(
    attempt: Callable[[], Awaitable[T]],
    policy: RetryPolicy,
    may_retry: Callable[[TemporaryFailure], bool] = lambda _: True,
    on_retry: Callable[[TemporaryFailure], None] = lambda _: None,
) -> T:
    """The result of the first attempt that does not raise `TemporaryFailure`.

    Raises the last one if the policy is exhausted, or if ``may_retry`` says no. ``on_retry`` is called with each
    failure that is retried. Cancelling the task ends an attempt and a pause alike.
    """
    backoff = wait_random_exponential(multiplier=policy.first, max=policy.longest)
    deadline: float | None = None

    def pause(state: RetryCallState) -> float:
        nonlocal deadline
        now = time.monotonic()
        deadline = now + policy.seconds if deadline is None else deadline
        return max(0.0, min(_failure(state).retry_after + backoff(state), deadline - now))

    def is_exhausted(state: RetryCallState) -> bool:  # tenacity requests the pause first
        is_late = deadline is not None and time.monotonic() + _failure(state).retry_after >= deadline
        return is_late or state.attempt_number >= policy.attempts

    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda problem: isinstance(problem, TemporaryFailure) and may_retry(problem)),
        wait=pause,
        stop=is_exhausted,
        before_sleep=lambda state: on_retry(_failure(state)),
        reraise=True,
    )
    return await retrying(attempt)


def _failure(state: RetryCallState) -> TemporaryFailure:
    problem = state.outcome.exception() if state.outcome else None
    assert isinstance(problem, TemporaryFailure)  # noqa: S101  # nothing else is retried
    return problem


def retry_after_seconds(header: str) -> float:
    """Seconds that a ``Retry-After`` header requests, as a number or a date (RFC 9110, 10.2.3); 0 if it is invalid."""
    if header.strip().isdecimal():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return 0.0
    return max(0.0, (until - datetime.now(UTC)).total_seconds()) if until.tzinfo else 0.0
