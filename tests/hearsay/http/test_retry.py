"""The retry policy: random pauses that grow, limits on attempts and time, and Retry-After."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from hearsay.http.retry import RetryPolicy, TemporaryFailure, retry_after_seconds, with_retries


class Failing:
    """Attempts that always fail, and the time of each."""

    def __init__(self, policy: RetryPolicy, retry_after: float = 0.0) -> None:
        self.times: list[float] = []
        self.reasons: list[str] = []

        async def attempt() -> None:
            self.times.append(time.monotonic())
            raise TemporaryFailure("no answer", retry_after)

        def run() -> None:
            asyncio.run(with_retries(attempt, policy, on_retry=lambda failure: self.reasons.append(str(failure))))

        # A browser opened by other tests may occupy the event loop of this thread.
        with ThreadPoolExecutor(1) as thread, pytest.raises(TemporaryFailure, match="no answer"):
            thread.submit(run).result()

    @property
    def pauses(self) -> list[float]:
        return [later - earlier for earlier, later in zip(self.times, self.times[1:], strict=False)]


def test_pauses_are_random_up_to_a_bound_that_doubles_to_a_maximum(monkeypatch: pytest.MonkeyPatch):
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("asyncio.sleep", sleep)
    bounds = [1.0, 2.0, 4.0, 8.0, 8.0]
    for _ in range(200):
        Failing(RetryPolicy(1000, attempts=6, first=1.0, longest=8.0))
    for number, bound in enumerate(bounds):
        drawn = slept[number :: len(bounds)]
        assert len(drawn) == 200
        assert 0 <= min(drawn) < bound / 4
        assert 3 * bound / 4 < max(drawn) <= bound


def test_the_number_of_attempts_is_limited():
    failing = Failing(RetryPolicy(1000, attempts=4, first=0.001))
    assert (len(failing.times), failing.reasons) == (4, ["no answer"] * 3)


def test_the_total_time_of_attempts_is_limited():
    assert 1 < len(Failing(RetryPolicy(0.2, attempts=1000, first=0.05, longest=0.05)).times) < 1000


def test_retries_wait_as_long_as_the_server_requests():
    assert min(Failing(RetryPolicy(1000, attempts=3, first=0.001), retry_after=0.2).pauses) >= 0.2


def test_a_pause_longer_than_the_policy_allows_is_not_started():
    assert len(Failing(RetryPolicy(10), retry_after=11).times) == 1


def test_an_error_that_is_not_retried_is_raised_immediately():
    async def attempt() -> None:
        raise TemporaryFailure("no response")

    async def run() -> None:
        await with_retries(attempt, RetryPolicy(1000), lambda _: False)

    with ThreadPoolExecutor(1) as thread, pytest.raises(TemporaryFailure, match="no response"):
        thread.submit(lambda: asyncio.run(run())).result()


def test_a_pause_is_cancelled_with_its_task():
    async def attempt() -> None:
        raise TemporaryFailure("busy", 500.0)

    async def run() -> None:
        async with asyncio.timeout(0.05):
            await with_retries(attempt, RetryPolicy(1000))

    began = time.monotonic()
    with ThreadPoolExecutor(1) as thread, pytest.raises(TimeoutError):
        thread.submit(lambda: asyncio.run(run())).result()
    assert time.monotonic() - began < 100


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), (" 7 ", 7.0), ("", 0.0), ("soon", 0.0), ("-5", 0.0)])
def test_retry_after_can_be_a_number_of_seconds(header: str, seconds: float):
    assert retry_after_seconds(header) == seconds


def test_retry_after_can_be_a_date():
    now = datetime.now(UTC)
    later = format_datetime(now + timedelta(hours=1), usegmt=True)
    seconds = retry_after_seconds(later)
    assert 3599 - (datetime.now(UTC) - now).total_seconds() <= seconds <= 3600
    assert retry_after_seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
