import threading
from collections.abc import Iterator

import pytest

from indexer.ahead import made_ahead


def test_all_items_come_in_their_order():
    for number in (0, 1, 2, 3, 4, 7):
        assert list(made_ahead(iter(range(number)), 2)) == list(range(number))


def test_the_next_are_made_by_another_thread_while_some_are_used():
    is_made = threading.Event()
    makers = set()

    def items() -> Iterator[int]:
        for number in range(4):
            makers.add(threading.current_thread())
            yield number
        is_made.set()

    coming = made_ahead(items(), 3)
    assert next(coming) == 0
    assert is_made.wait(30), "two are still to be used"
    assert list(coming) == [1, 2, 3]
    assert threading.current_thread() not in makers


@pytest.mark.parametrize("problem", [ValueError("no number"), KeyboardInterrupt()])
def test_what_the_making_raises_comes_through(problem: BaseException):
    def items() -> Iterator[int]:
        yield from (0, 1, 2)
        raise problem

    coming = made_ahead(items(), 2)
    assert [next(coming), next(coming)] == [0, 1]
    with pytest.raises(type(problem)) as caught:
        next(coming)
    assert caught.value is problem


def test_no_more_is_made_than_twice_what_is_used_together_and_nothing_once_nobody_asks():
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    coming = made_ahead(items(), 5)
    next(coming)
    coming.close()  # type: ignore[attr-defined]
    assert len(made) <= 10
    assert threading.active_count() == 1 or not [one for one in threading.enumerate() if "PoolExecutor" in one.name]
