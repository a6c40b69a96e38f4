"""Trying again: pauses that grow and are drawn by chance, an end, and what a server asks for."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count

import pytest

from hearsay.retry import GivenUp, Patience, Tries, seconds_told


def test_pauses_are_drawn_from_zero_to_a_bound_that_doubles_up_to_the_longest():
    patience = Patience(60, first=1.0, longest=8.0)
    for failed, bound in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (5000, 8)]:
        drawn = [patience.pause(failed) for _ in range(200)]
        assert 0 <= min(drawn) < bound / 4
        assert 3 * bound / 4 < max(drawn) <= bound


def tries_until_given_up(patience: Patience, told: float = 0.0) -> int:
    numbers = count(1)

    async def try_on() -> None:
        tries = Tries(patience)
        while next(numbers) < 1000:
            await tries.pause("no answer", told)

    # A browser that other tests have open may hold this thread's loop.
    with ThreadPoolExecutor(1) as elsewhere, pytest.raises(GivenUp, match="no answer"):
        elsewhere.submit(lambda: asyncio.run(try_on())).result()
    return next(numbers) - 1


def test_tries_end_by_their_number():
    assert tries_until_given_up(Patience(1000, tries=4, first=0.001)) == 4


def test_tries_end_by_their_time():
    assert 1 < tries_until_given_up(Patience(0.2, tries=1000, first=0.05, longest=0.05)) < 1000


def test_a_wait_that_is_longer_than_patience_is_not_begun():
    assert tries_until_given_up(Patience(10), told=11) == 1


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), (" 7 ", 7.0), ("", 0.0), ("soon", 0.0), ("-5", 0.0)])
def test_a_server_tells_seconds(header: str, seconds: float):
    assert seconds_told(header) == seconds


def test_a_server_tells_a_date():
    now = datetime.now(UTC)
    later = format_datetime(now + timedelta(hours=1), usegmt=True)
    told = seconds_told(later)
    assert 3599 - (datetime.now(UTC) - now).total_seconds() <= told <= 3600
    assert seconds_told("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
