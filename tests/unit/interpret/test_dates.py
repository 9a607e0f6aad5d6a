# ruff: noqa: E501 -- markup and data read better unbroken
"""Times as pages write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions.interpret.dates import read_moment


@pytest.mark.parametrize(
    ("written", "text", "at"),
    [
        ("2024-05-01T10:00:00+02:00", "2024-05-01T10:00:00+02:00", datetime(2024, 5, 1, 8, tzinfo=UTC)),
        ("2024-05-01T10:00:00+0200", "2024-05-01T10:00:00+02:00", datetime(2024, 5, 1, 8, tzinfo=UTC)),
        ("2024-05-01T10:00:00-08", "2024-05-01T10:00:00-08:00", datetime(2024, 5, 1, 18, tzinfo=UTC)),
        ("2024-05-01 10:00Z", "2024-05-01T10:00:00+00:00", datetime(2024, 5, 1, 10, tzinfo=UTC)),
        (
            "2024-05-01t10:00:00.123456789z",
            "2024-05-01T10:00:00.123456+00:00",
            datetime(2024, 5, 1, 10, 0, 0, 123456, UTC),
        ),
        ("20240501T100000+0530", "2024-05-01T10:00:00+05:30", datetime(2024, 5, 1, 4, 30, tzinfo=UTC)),
        ("2024-122T10:00Z", "2024-05-01T10:00:00+00:00", datetime(2024, 5, 1, 10, tzinfo=UTC)),
        ("2024-W18-3", "2024-05-01", None),
        ("2024-05-01 7:30pm", "2024-05-01T19:30:00", None),
        ("2024-05-01 12am", "2024-05-01T00:00:00", None),
        ("2024-05-01 10:00", "2024-05-01T10:00:00", None),
        ("2024-05-01", "2024-05-01", None),
        ("2024-12-31T24:00:00Z", "2025-01-01T00:00:00+00:00", datetime(2025, 1, 1, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59+00:00", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("Wed, 01 May 2024 10:00:00 +0200", "2024-05-01T10:00:00+02:00", datetime(2024, 5, 1, 8, tzinfo=UTC)),
        ("  2024-05-01\n 10:00 ", "2024-05-01T10:00:00", None),
        ("9999-12-31T23:59:59+14:00", "9999-12-31T23:59:59+14:00", datetime(9999, 12, 31, 9, 59, 59, tzinfo=UTC)),
        ("9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59-14:00", None),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00", None),
    ],
)
def test_a_time_keeps_the_sources_own_offset(written: str, text: str, at: datetime | None) -> None:
    assert read_moment(written) == (text, at)


@pytest.mark.parametrize(
    "written",
    [
        None, "", " ", "%%time", "yesterday", "2024", "2024-05", "2024-13-01", "2024-02-30", "2024-366x", "2023-366", "0000-01-01",
        "2024-05-01T25:00", "2024-05-01T24:01", "2024-05-01T10:61", "2024-05-01T10:00+99:00", "2024-05-01 13pm",
        "9999-12-31T24:00Z", "٢٠٢٤-05-01", "<script>alert(1)</script>", "9" * 100_000, "1714557600",
    ],
)  # fmt: skip
def test_what_is_no_time_is_none(written: str | None) -> None:
    assert read_moment(written) is None


@given(
    st.text(max_size=100)
    | st.from_regex(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?([+-][0-9]{2}:?[0-9]{2}|Z)?", fullmatch=True
    )
)
def test_nothing_that_is_written_raises_and_what_is_read_can_be_read_again(written: str) -> None:
    moment = read_moment(written)
    if moment is not None:
        datetime.fromisoformat(moment.text)
        assert read_moment(moment.text) == moment
