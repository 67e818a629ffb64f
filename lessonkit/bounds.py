"""What a setting may be; BadSetting says it to whoever gave another."""

from __future__ import annotations

from lessonkit.errors import BadSetting


def check_whole(name: str, value: object, most: int) -> None:
    """Raise BadSetting unless `value` is a whole number from 1 to `most`."""
    if not (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most):
        raise BadSetting(name=name, value=value, wanted=f"a whole number from 1 to {most}")


def check_seconds(name: str, value: object, most: float) -> None:
    """Raise BadSetting unless `value` is a number of seconds from 0 to `most`."""
    if not (
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most
    ):  # which NaN is not either
        wanted = f"a number of seconds from 0 to {most:g}"
        raise BadSetting(name=name, value=value, wanted=wanted)
