"""What is written comes back, and hostile bytes do no harm."""

import json
import math
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workers import codec
from workers.codec import CodecError, JobError
from workers.contract import MAX_PAYLOAD_BYTES

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)  # fmt: skip
ENVELOPES = st.fixed_dictionaries(
    {
        "f": st.text(),
        "a": st.lists(JSON),
        "k": st.dictionaries(st.text(), JSON),
        "et": st.integers(),
        "t": st.none() | st.integers(),
    }
)
JOB = {"f": "send-email", "a": [], "k": {}, "et": 1_700_000_000_000, "t": None}


def result_of(error):
    """What a reader gets of a job that ended with `error`."""
    return codec.loads(codec.dumps(JOB | {"s": False, "r": error}))["r"]


# ---- what is written comes back ------------------------------------------------------------------


@given(ENVELOPES)
def test_a_job_comes_back_as_it_was(envelope):
    assert codec.loads(codec.dumps(envelope)) == envelope


@given(JSON.filter(lambda value: not (isinstance(value, dict) and "__error__" in value)))
def test_a_result_comes_back_as_it_was(result):
    assert codec.loads(codec.dumps(JOB | {"r": result}))["r"] == result


@given(st.text(), st.text())
def test_an_error_comes_back_as_what_it_was_and_said(kind, message):
    again = result_of(JobError(kind, message, "its trace"))
    assert (again.kind, again.message, again.trace) == (kind, message, "its trace")


def test_an_exception_travels_as_data_with_its_trace():
    try:
        raise ConnectionError("the provider is away")
    except ConnectionError as error:
        again = result_of(error)
    assert isinstance(again, JobError)
    assert str(again) == "ConnectionError: the provider is away"
    assert "test_codec.py" in again.trace


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_any_exception_can_travel(error):
    assert result_of(error).kind == type(error).__name__


def test_an_exception_without_a_text_can_travel():
    class Unprintable(Exception):
        def __str__(self):
            raise ValueError

    assert str(result_of(Unprintable())) == "Unprintable: (its text cannot be shown)"


def test_a_long_text_of_an_exception_is_cut():
    assert len(codec.dumps(JOB | {"r": RuntimeError("x" * 500_000)})) < 10_000


def test_an_error_survives_pickling():
    error = pickle.loads(pickle.dumps(JobError("KeyError", "'to'", "trace")))
    assert (error.kind, error.message, error.trace) == ("KeyError", "'to'", "trace")


def test_an_error_without_a_message_is_called_by_its_kind():
    assert str(JobError("TimeoutError", "")) == "TimeoutError"


# ---- what cannot be written ----------------------------------------------------------------------


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def endless():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, object(), b"bytes", {1, 2}, {(1, 2): 3}, nested(100_000)],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_json_is_refused(value):
    with pytest.raises(CodecError, match="cannot be written as JSON"):
        codec.dumps(JOB | {"r": value})


def test_what_contains_itself_is_refused():
    with pytest.raises(CodecError):
        codec.dumps(JOB | {"r": endless()})


def test_what_is_too_large_is_refused_with_its_size():
    with pytest.raises(CodecError, match=r"1,0\d\d,\d\d\d bytes, where 1,000,000 are allowed"):
        codec.dumps(JOB | {"r": "x" * MAX_PAYLOAD_BYTES})


def test_the_largest_that_is_allowed_can_be_read():
    room = MAX_PAYLOAD_BYTES - len(codec.dumps(JOB | {"r": ""}))
    data = codec.dumps(JOB | {"r": "x" * room})
    assert len(data) == MAX_PAYLOAD_BYTES
    assert len(codec.loads(data)["r"]) == room


# ---- hostile bytes -------------------------------------------------------------------------------


def read_or_refuse(data):
    """The only two things that reading may do."""
    try:
        return codec.loads(data)
    except CodecError:
        return None


@given(st.binary())
@example(b"")
@example(b"\x00")
@example(b"\xff\xfe{\x00}\x00")
@example(b"\xef\xbb\xbf{}")
@example(b'"\\ud800"')
@example(b'{"f":' * 100_000)
@example(b"[" * 200_000)
@example(b"9" * 10_000)
@example(pickle.dumps(JOB))
def test_any_bytes_are_read_or_refused(data):
    read_or_refuse(data)


@given(JSON)
def test_any_json_is_read_or_refused(value):
    read_or_refuse(json.dumps(value).encode())


@given(st.dictionaries(st.sampled_from(["f", "a", "k", "et", "t", "r", "s"]), JSON))
def test_what_reads_as_an_envelope_has_the_types_of_one(value):
    envelope = read_or_refuse(json.dumps(value).encode())
    if envelope is not None:
        assert isinstance(envelope["f"], str)
        assert isinstance(envelope["a"], list)
        assert isinstance(envelope["k"], dict)
        assert isinstance(envelope["et"], int)


@given(ENVELOPES, st.data())
def test_a_damaged_job_is_read_or_refused(envelope, data):
    written = bytearray(codec.dumps(envelope))
    at = data.draw(st.integers(0, len(written) - 1))
    written[at] = data.draw(st.integers(0, 255))
    read_or_refuse(bytes(written))


@pytest.mark.parametrize(
    ("key", "wrong"),
    [("f", ["send-email"]), ("f", None), ("a", {}), ("k", []), ("et", "now"), ("t", "1")],
)
def test_an_envelope_of_a_wrong_type_is_refused_by_name(key, wrong):
    with pytest.raises(CodecError, match=f"its '{key}' is {type(wrong).__name__}"):
        codec.loads(json.dumps(JOB | {key: wrong}).encode())


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_json_does_not_have_are_refused(number):
    data = codec.dumps(JOB | {"r": 0}).replace(b'"r":0', f'"r":{number}'.encode())
    with pytest.raises(CodecError):
        codec.loads(data)


def test_too_many_bytes_are_refused_unread():
    with pytest.raises(CodecError, match="are allowed"):
        codec.loads(b" " * (MAX_PAYLOAD_BYTES + 1))


@given(JSON)
def test_an_error_of_any_shape_reads_as_an_error(shape):
    data = json.dumps(JOB | {"r": {"__error__": shape, "message": shape, "trace": shape}})
    assert isinstance(codec.loads(data.encode())["r"], JobError)


def test_pickle_is_never_loaded():
    class Harmful:
        def __reduce__(self):
            return pytest.fail, ("code from Redis was run",)

    with pytest.raises(CodecError):
        codec.loads(pickle.dumps(JOB | {"a": [Harmful()]}))


# ---- text for a terminal -------------------------------------------------------------------------


@given(st.text())
def test_text_for_a_terminal_is_one_line_without_control_characters(text):
    assert codec.printable(text).isprintable()
    assert len(codec.printable(text)) == len(text)
