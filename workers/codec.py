"""JSON in, JSON out, for jobs and results; never pickle, which runs code that others wrote.

An exception travels as data, and a reader gets a JobError that says what it was. Bytes from
Redis are checked before anything looks at them: whoever can write there may have written anything.
"""

from __future__ import annotations

import json
import math
import traceback
from typing import Any, NoReturn

from workers.contract import MAX_PAYLOAD_BYTES

_ERROR = "__error__"


class CodecError(ValueError):
    """These bytes are no job or result of ours, or this value cannot be one; says why."""


class JobError(Exception):
    """What a processor raised, as its reader sees it: `kind`, `message` and `trace`."""

    def __init__(self, kind: str, message: str, trace: str = "") -> None:
        super().__init__(kind, message, trace)
        self.kind, self.message, self.trace = kind, message, trace

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}" if self.message else self.kind


def dumps(data: dict[str, Any]) -> bytes:
    """Encode a job or a result. Raises CodecError when it is not JSON or too large."""
    try:
        return _within_limit(_ENCODER.encode(data).encode())
    except CodecError:
        raise
    except (TypeError, ValueError, RecursionError) as error:
        raise CodecError(f"cannot be written as JSON: {error}") from error


def loads(data: bytes) -> dict[str, Any]:
    """Decode a job or a result and check its envelope. Raises CodecError when it is not one."""
    try:
        envelope = _DECODER.decode(_within_limit(data).decode())
    except CodecError:
        raise
    except (ValueError, RecursionError) as error:
        raise CodecError(f"not JSON: {error}") from error
    if not isinstance(envelope, dict):
        raise CodecError("not a JSON object")
    for key, kinds in _JOB.items():
        if not isinstance(envelope.get(key), kinds):
            raise CodecError(f"its {key!r} is {type(envelope.get(key)).__name__}")
    result = envelope.get("r")
    if isinstance(result, dict) and _ERROR in result:
        envelope["r"] = JobError(
            str(result[_ERROR]), str(result.get("message", "")), str(result.get("trace", ""))
        )
    return envelope


#: arq's envelope of a job: its name, arguments, keyword arguments, enqueue time in ms and first try
_JOB: dict[str, Any] = {"f": str, "a": list, "k": dict, "et": int, "t": int | None}


def _error_as_data(value: object) -> dict[str, str]:
    if isinstance(value, JobError):
        return {_ERROR: value.kind, "message": value.message, "trace": value.trace}
    if isinstance(value, BaseException):
        trace = "".join(traceback.format_exception(value)).encode(errors="replace").decode()
        return {
            _ERROR: type(value).__name__,
            "message": _text(value)[:2000],
            "trace": trace[-4000:],
        }
    raise TypeError(f"{type(value).__name__} is not JSON")


def error_text(error: BaseException) -> str:
    """The kind and the message of any exception, on one line and printable."""
    return printable(str(JobError(type(error).__name__, _text(error))))


def printable(text: str) -> str:
    """Text from a job, fit for a terminal and a log: no control characters, on one line."""
    return (
        text
        if text.isprintable()
        else "".join(
            c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}"
            for c in text
        )
    )


def _text(error: BaseException) -> str:
    try:
        return str(error).encode(errors="replace").decode()
    except Exception:
        return "(its text cannot be shown)"


def _within_limit(data: bytes) -> bytes:
    if len(data) > MAX_PAYLOAD_BYTES:
        raise CodecError(f"{len(data):,} bytes, where {MAX_PAYLOAD_BYTES:,} are allowed")
    return data


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_constant(text)


def _refuse_constant(name: str) -> NoReturn:
    raise CodecError(f"{name} is not JSON")


# made once, where json.dumps and json.loads would make one for each job
_ENCODER = json.JSONEncoder(
    default=_error_as_data, allow_nan=False, ensure_ascii=False, separators=(",", ":")
)
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
