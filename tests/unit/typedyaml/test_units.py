import pytest
from hypothesis import given
from hypothesis import strategies as st

from typedyaml.units import Duration


@pytest.mark.parametrize(
    ("text", "seconds", "shortest"),
    [
        ("0m", 0, "0s"),
        ("500ms", 0.5, "500ms"),
        ("90s", 90, "1m30s"),
        ("1h30m", 5400, "1h30m"),
        ("60m", 3600, "1h"),
        ("1d", 86400, "1d"),
        ("2w", 14 * 86400, "14d"),
    ],
)
def test_a_duration_is_read_and_written_in_prometheus_form(text: str, seconds: float, shortest: str) -> None:
    assert Duration.parse(text).seconds == seconds
    assert str(Duration.parse(text)) == shortest


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "1m1h", "-5m", "1.5h", "5min"])
def test_what_prometheus_would_not_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration like"):
        Duration.parse(text)


@given(st.integers(min_value=0, max_value=10**12))
def test_writing_and_reading_a_duration_gives_the_same(milliseconds: int) -> None:
    duration = Duration(milliseconds / 1000)
    assert Duration.parse(str(duration)) == duration
