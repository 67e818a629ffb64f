"""What a command takes as an argument, or answers with one clear line."""

from __future__ import annotations

import math
from argparse import ArgumentTypeError


def number(text: str) -> int:
    """A whole number."""
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no whole number") from None


def port(text: str) -> int:
    """A TCP port; 0 for any that is free."""
    if text.isascii() and text.isdigit() and int(text) <= 65_535:
        return int(text)
    raise ArgumentTypeError(f"{text!r} is no port: give a number from 0 to 65535")


def seconds(text: str) -> float:
    """A number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ArgumentTypeError(f"{text!r} is no number of seconds")
    return value
