"""A machine's clock that is set back, as NTP does it after a boot: what was decided by the old time is decided anew."""

from __future__ import annotations

import httpx
import pytest

from airflow_provider_omnihuman.api.conversations import Pause
from airflow_provider_omnihuman.api.errors import OmniHumanError
from airflow_provider_omnihuman.api.role_session import RoleSession
from airflow_provider_omnihuman.api.signing import Credentials
from airflow_provider_omnihuman.api.sts import Role

ISSUED = {"AccessKeyId": "AKTPx", "SecretAccessKey": "s3cr3t", "SessionToken": "t0k3n"}
LIFE = {"CurrentTime": "2021-04-12T10:57:09+08:00", "ExpiredTime": "2021-04-12T11:57:09+08:00"}
GOOD = httpx.Response(200, json={"ResponseMetadata": {}, "Result": {"Credentials": ISSUED | LIFE}})
TIME_IS_WRONG = httpx.Response(400, json={"ResponseMetadata": {"Error": {"Code": "InvalidTimestamp", "Message": "clock"}}})
HOUR_S = 3600.0


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def session(clock):
    return RoleSession(Role(trn="trn:iam::2000012345:role/omnihuman"), Credentials("AK", "SK"), clock=clock)


def renew(session, response):
    conversation = session.renewal()
    step = next(conversation)
    try:
        while True:
            step = conversation.send(None if isinstance(step, Pause) else response)
    except StopIteration:
        pass


def test_a_refusal_for_the_wrong_time_is_not_kept_until_that_time_comes(session, clock):
    clock.now += HOUR_S
    renew(session, TIME_IS_WRONG)
    clock.now -= HOUR_S
    assert session.is_due
    renew(session, GOOD)
    assert session.current().session_token == "t0k3n"


def test_keys_of_a_time_to_come_are_renewed_once(session, clock):
    """Nobody knows how old they are."""
    clock.now += 0.2 * HOUR_S
    renew(session, GOOD)
    clock.now -= 0.2 * HOUR_S
    assert session.is_due
    renew(session, GOOD)
    assert not session.is_due


def test_an_sts_that_is_away_just_then_is_not_asked_at_each_request(session, clock):
    clock.now += HOUR_S
    renew(session, GOOD)
    clock.now -= HOUR_S
    renew(session, TIME_IS_WRONG)
    assert not session.is_due
    assert session.current().session_token == "t0k3n"
    clock.now += 6
    assert session.is_due


def test_a_clock_that_stands_still_hammers_nobody(session):
    renew(session, TIME_IS_WRONG)
    assert not session.is_due
    with pytest.raises(OmniHumanError, match="cannot be assumed"):
        session.current()
