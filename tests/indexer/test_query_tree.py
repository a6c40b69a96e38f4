import pytest

from indexer.query_tree import Between


@pytest.mark.parametrize(
    ("low", "high", "ends"),
    [
        (None, None, (None, None)),
        (1.2, 3.8, (2, 3)),
        (2.0**63, 2.0**80, (2**63 - 1, 2**63 - 1)),
        (-(2.0**80), -(2.0**64), (-(2**63), -(2**63))),
    ],
)
def test_the_bounds_of_an_integer_range_fit_into_64_bits(
    low: float | None, high: float | None, ends: tuple[int | None, int | None]
):
    assert Between("up_votes", low, high).whole() == ends
