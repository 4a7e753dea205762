"""``AssumeRole``, stepped by hand: what is asked, what is read, and what is said of a reply that cannot be used."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_omnihuman.api.conversations import Pause
from airflow_provider_omnihuman.api.errors import OmniHumanError, ServiceError, TransportError
from airflow_provider_omnihuman.api.role_session import RoleSession
from airflow_provider_omnihuman.api.signing import Credentials, SignatureV4Auth
from airflow_provider_omnihuman.api.sites import INTERNATIONAL
from airflow_provider_omnihuman.api.sts import Role, assume_role

ROLE = Role(trn="trn:iam::2000012345:role/omnihuman", duration_s=900)
# The shape is that of the vendor's page (volcengine.com/docs/6257/86374); the values are made up.
ISSUED = {
    "CurrentTime": "2021-04-12T10:57:09+08:00",
    "ExpiredTime": "2021-04-12T11:12:09+08:00",
    "AccessKeyId": "AKTPx",
    "SecretAccessKey": "s3cr3t",
    "SessionToken": "t0k3n",
}


def reply(**changes):
    keys = {name: value for name, value in (ISSUED | changes).items() if value is not None}
    return httpx.Response(200, json={"ResponseMetadata": {"RequestId": "2021"}, "Result": {"Credentials": keys}})


def answered(response, *, attempts=1, role=ROLE, clock=lambda: 1000.0):
    """What comes of a conversation that gets this reply to each question."""
    conversation = assume_role(role, attempts=attempts, clock=clock)
    step = next(conversation)
    try:
        while True:
            step = conversation.send(None if isinstance(step, Pause) else response)
    except StopIteration as stop:
        return stop.value


def test_the_question_is_the_vendors():
    request = next(assume_role(ROLE))
    assert (request.method, request.url.host, request.url.path) == ("GET", "sts.volcengineapi.com", "/")
    assert dict(request.url.params) == {
        "Action": "AssumeRole",
        "Version": "2018-01-01",
        "RoleTrn": "trn:iam::2000012345:role/omnihuman",
        "RoleSessionName": "airflow-omnihuman",
        "DurationSeconds": "900",
    }


def test_the_international_site_has_its_own_sts():
    role = Role(trn=ROLE.trn, endpoint=INTERNATIONAL.sts_endpoint, region=INTERNATIONAL.sts_region)
    assert next(assume_role(role)).url.host == "sts.byteplusapi.com"


def test_the_keys_end_by_our_own_clock_however_wrong_it_is():
    keys = answered(reply())
    assert keys.credentials == Credentials("AKTPx", "s3cr3t", "t0k3n")
    assert keys.expires_at == 1000 + 15 * 60 - 1


@pytest.mark.parametrize(
    "changes",
    [
        {"CurrentTime": None},
        {"ExpiredTime": None},
        {"ExpiredTime": "soon"},
        {"ExpiredTime": 7},
        {"CurrentTime": "2021-04-12T10:57:09"},
        {"ExpiredTime": ISSUED["CurrentTime"]},
    ],
)
def test_without_usable_times_they_live_as_long_as_was_asked(changes):
    assert answered(reply(**changes)).lifetime_s == 900


@pytest.mark.parametrize("name", ["AccessKeyId", "SecretAccessKey", "SessionToken"])
@pytest.mark.parametrize("value", [None, "", 7, ["s3cr3t"], "s3cr3t\n", "s3cr3t🔑"])
def test_a_key_that_cannot_be_sent_is_no_key(name, value):
    with pytest.raises(TransportError, match=f"no usable {name}") as caught:
        answered(reply(**{name: value}))
    assert not caught.value.may_have_arrived
    assert "s3cr3t" not in str(caught.value)


def test_no_secret_is_in_the_repr():
    assert "s3cr3t" not in repr(answered(reply()))
    assert "t0k3n" not in repr(answered(reply()))


def test_a_refusal_is_told_at_once_and_a_passing_fault_is_asked_again():
    refused = httpx.Response(404, json={"ResponseMetadata": {"RequestId": "2021", "Error": {"Code": "RoleNotExist"}}})
    with pytest.raises(ServiceError, match="RoleNotExist.*role_trn") as caught:
        answered(refused, attempts=3)
    assert not caught.value.retryable
    conversation = assume_role(ROLE)
    next(conversation)
    assert isinstance(conversation.send(httpx.Response(502, text="<html>")), Pause)
    assert isinstance(conversation.send(None), httpx.Request)
    with pytest.raises(StopIteration):
        conversation.send(reply())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ISSUED, "Error", "Code"]), inner, max_size=4),
    max_leaves=6,
)


@given(status=st.sampled_from([200, 400, 429, 500]), metadata=JSON, result=JSON, credentials=JSON)
def test_any_reply_gives_keys_or_an_error_of_ours(status, metadata, result, credentials):
    for body in (result, {"Credentials": credentials}):
        response = httpx.Response(status, json={"ResponseMetadata": metadata, "Result": body})
        try:
            keys = answered(response)
        except OmniHumanError:
            continue
        SignatureV4Auth(keys.credentials, region="cn-north-1").sign(httpx.Request("POST", "https://h/", content=b"{}"))


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def held(clock, lifetime_s=3600):
    """A session with keys of that life."""
    session = RoleSession(ROLE, Credentials("AK", "SK"), clock=clock)
    renewed(session, lifetime_s)
    return session


def renewed(session, lifetime_s=3600):
    from datetime import datetime, timedelta

    end = datetime.fromisoformat(ISSUED["CurrentTime"]) + timedelta(seconds=lifetime_s + 1)
    conversation = session.renewal()
    next(conversation)
    with pytest.raises(StopIteration):
        conversation.send(reply(ExpiredTime=end.isoformat(), AccessKeyId=f"AKTP{session._clock():.0f}"))


@pytest.mark.parametrize(("lifetime_s", "renewed_after_s"), [(3600, 3300), (1200, 900), (900, 675)])
def test_keys_are_renewed_before_they_end(lifetime_s, renewed_after_s):
    clock = Clock()
    session = held(clock, lifetime_s)
    clock.now += renewed_after_s - 1
    assert not session.is_due
    clock.now += 1
    assert session.is_due
    assert session.current().access_key_id == "AKTP1000"


def test_keys_at_hand_are_used_to_their_end_and_no_longer():
    clock = Clock()
    session = held(clock)
    clock.now += 3500
    conversation = session.renewal()
    next(conversation)
    with pytest.raises(StopIteration):
        conversation.throw(TransportError("away"))
    assert session.current()
    clock.now += 99
    assert session.current()
    clock.now += 1
    assert session.is_due
    with pytest.raises(OmniHumanError):
        session.current()


def test_keys_that_are_refused_are_dropped_once():
    clock = Clock()
    session = held(clock)
    keys = session.current()
    assert not session.drop(keys), "new ones are not refused for their age"
    clock.now += 120
    assert not session.drop(Credentials("AKTPother", "s"))
    assert session.drop(keys)
    assert not session.drop(keys)
    assert session.is_due
    renewed(session)
    assert session.current().access_key_id == "AKTP1120"
