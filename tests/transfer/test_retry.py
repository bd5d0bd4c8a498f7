"""The waits after failures, and the header Retry-After."""

import pytest

from skyclass.transfer.retry import compute_backoff, parse_retry_after


def test_waits_grow_to_a_minute() -> None:
    for attempt in range(20):
        longest = min(60.0, 0.5 * 2**attempt)
        assert longest / 2 <= compute_backoff(attempt) <= longest


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), (" 0 ", 0.0), (None, None), ("", None), ("soon", None), ("-3", None), ("²", None)],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value) == seconds


def test_retry_after_in_the_past() -> None:
    assert parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
