"""An STS that takes its time: while the keys at hand last, one request asks it, and no other waits for the answer."""

from __future__ import annotations

import httpx
import pytest

from airflow_provider_omnihuman.api.errors import TransportError
from tests.api.test_sts import Clock, held


@pytest.fixture
def clock():
    return Clock()


def test_nobody_else_asks_or_waits_meanwhile(clock):
    session = held(clock)
    clock.now += 3400
    assert session.is_due
    question = next(session.renewal())
    assert isinstance(question, httpx.Request)
    assert not session.is_due
    assert session.current()


def test_an_answer_that_never_comes_is_asked_for_again(clock):
    """As of a wait that is cancelled in the midst of it."""
    session = held(clock)
    clock.now += 3400
    asking = session.renewal()
    next(asking)
    asking.close()
    clock.now += 20
    assert session.is_due


def test_without_keys_all_wait_for_the_one_that_asks(clock):
    session = held(clock)
    clock.now += 3601
    asking = session.renewal()
    next(asking)
    assert session.is_due


def test_a_failure_is_kept_for_its_time_only(clock):
    session = held(clock)
    clock.now += 3400
    asking = session.renewal()
    next(asking)
    with pytest.raises(StopIteration):
        asking.throw(TransportError("away"))
    clock.now += 6
    assert session.is_due
