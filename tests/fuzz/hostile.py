"""What nobody expects: values that break readers, and documents with some of them in them."""

from __future__ import annotations

import copy
import json
import math
import os
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

SECRET = "s3cr3t"
"""A part of each key and signature; no message may show it."""

_FUZZ = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])


def examples(count: int) -> settings:
    """So many examples: other ones at each run, but in CI, where a failure must be a commit's own."""
    return settings(_FUZZ, max_examples=count, derandomize="CI" in os.environ)


class _Absent:
    """In place of a value: there is none."""


ABSENT = _Absent()

ODD: list[Any] = [
    *(ABSENT, None, True, False, 0, 1, -1, 1.5, 10**30, -(2**63), math.nan, math.inf, 10000, "10000"),
    *("", " ", "\x00", "a\nb", "\ud800", "𝓢🙂", "\u202b", "null", "[]", "{}", '{"a": ', "1", "done", "not_found", "7" * 300),
    *([], {}, [None], [[[[]]]], {"": ""}, {"a": {"b": [1]}}, ["https://h/a", 7]),
    *(
        "https://a..b/",
        "https://h:99999/",
        "https://[::1",
        "ftp://h/a",
        "data:video/mp4;base64,AA",
        "s3://b/k",
        "s3://",
        "s3:///k",
    ),
]

LEAKS: list[Any] = [
    f"https://h.example/k.mp4?X-Amz-Signature={SECRET}&x=1",
    f"cannot fetch https://h.example/k.png?sign={SECRET} now",
    f"GET /k?X-Tos-Signature={SECRET} failed",
    f"https://me:{SECRET}@h.example/",
]
"""Texts with a secret in them, as a service may echo them."""

ODDITIES = st.one_of(
    st.sampled_from(ODD),
    st.sampled_from(ODD),
    st.text(max_size=12),
    st.integers(),
    st.floats(),
    st.dictionaries(st.text(max_size=4), st.none() | st.integers() | st.text(max_size=4), max_size=2),
    st.lists(st.none() | st.integers() | st.text(max_size=4), max_size=3),
)


_PLACES = 64
"""More than a sample has; a higher number goes round."""


def documents(samples: list[Any]) -> st.SearchStrategy[Any]:
    """Good documents with up to three odd values in place of good ones, or nothing but an odd value."""
    # One number for place and value: each draw takes time, and there are ten thousand examples.
    one = st.integers(0, _PLACES * len(ODD) - 1).map(lambda number: (number // len(ODD), ODD[number % len(ODD)]))
    few = st.lists(one, max_size=3)
    any_one = st.tuples(st.integers(0, _PLACES - 1), ODDITIES).map(lambda change: [change])
    return st.builds(changed, st.sampled_from([*samples, None]), st.one_of(few, few, few, any_one))


def bodies(samples: list[Any]) -> st.SearchStrategy[bytes]:
    """The bytes of such a document: whole, cut short, or of no document at all."""
    whole = documents(samples).map(lambda document: json.dumps(document).encode())
    cut = st.builds(lambda body, end: body[:end], whole, st.integers(0, 400))
    return st.one_of(whole, whole, whole, whole, cut, st.sampled_from(NO_DOCUMENTS) | st.binary(max_size=60))


NO_DOCUMENTS = [
    b"",
    b"<html><body>502 Bad Gateway</body></html>",
    b"[" * 3000,
    b'{"code": ' + b"9" * 4400 + b"}",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'{"code": 10000} trailing',
]


def changed(document: Any, changes: list[tuple[int, Any]]) -> Any:
    """Return a copy with a value put, or taken away, at each of these places."""
    root = {"": copy.deepcopy(document)}
    for at, value in changes:
        places = list(_places(root))
        holder, key = places[at % len(places)]
        if isinstance(value, _Absent) and holder is not root:
            del holder[key]
        else:
            holder[key] = None if isinstance(value, _Absent) else copy.deepcopy(value)
    return root[""]


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(holder) if isinstance(holder, dict) else range(len(holder))
    for key in keys:
        yield holder, key
        if isinstance(holder[key], (dict, list)):
            yield from _places(holder[key])


def outcome(run: Callable[[], Any], *, ours: type[Exception]) -> Any:
    """Return what ``run`` returns, or the error of ours that it raises; any other goes through, and fails the test."""
    try:
        return run()
    except ours as error:
        return error


def is_clear(error: Exception) -> bool:
    """Whether a message can be told: no secret, one line, and fit for logs and databases."""
    message = str(error)
    message.encode()
    return SECRET not in message and len(message.splitlines()) == 1 and "\x00" not in message
