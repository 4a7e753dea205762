"""STS: the vendor's own client gets temporary keys, which the visual API accepts until they end; each mistake is refused."""

from __future__ import annotations

import base64
from datetime import datetime

import pytest
from emulator_client import QUERY, Client
from volcengine.auth.SignerV4 import SignerV4
from volcengine.base.Request import Request
from volcengine.Credentials import Credentials
from volcengine.sts.StsService import StsService

from airflow_provider_omnihuman.emulator.server import running_emulator
from airflow_provider_omnihuman.emulator.settings import LOCAL_ACCESS_KEY, LOCAL_ROLE_TRN, LOCAL_SECRET_KEY

ASKED = {"RoleTrn": LOCAL_ROLE_TRN, "RoleSessionName": "nightly", "DurationSeconds": "900"}
BODY = {"req_key": "jimeng_realman_avatar_picture_omni_v15", "task_id": "7000000000000000000"}


def assume(client, query=None, *, action="AssumeRole", version="2018-01-01", method="GET", **changes):
    """Send a signed request to STS; the changes are those of its signature."""
    fields = {"ak": LOCAL_ACCESS_KEY, "sk": LOCAL_SECRET_KEY, "service": "sts", "region": "cn-north-1"} | changes
    request = Request()
    request.set_method(method)
    request.set_path("/")
    request.set_query({"Action": action, "Version": version} | (ASKED if query is None else query))
    request.set_headers({"Host": client.endpoint.removeprefix("http://")})
    request.body = ""
    SignerV4.sign(request, Credentials(**fields))
    return client.send(dict(request.query), dict(request.headers), b"", method=method)


def keys_of(reply):
    assert reply.status_code == 200, reply.text
    return reply.json()["Result"]["Credentials"]


def with_keys(client, keys):
    secrets = {"access_key": keys["AccessKeyId"], "secret_key": keys["SecretAccessKey"], "session_token": keys["SessionToken"]}
    return Client(client.endpoint, client.admin_url, **secrets)


def error_of(reply):
    return reply.status_code, reply.json()["ResponseMetadata"]["Error"]["Code"]


def lifetime_s(keys):
    return (datetime.fromisoformat(keys["ExpiredTime"]) - datetime.fromisoformat(keys["CurrentTime"])).total_seconds()


def test_the_vendors_own_client_assumes_the_role(client):
    service = StsService()
    service.set_ak(LOCAL_ACCESS_KEY)
    service.set_sk(LOCAL_SECRET_KEY)
    service.set_scheme("http")
    service.set_host(client.endpoint.removeprefix("http://"))
    result = service.assume_role(dict(ASKED))["Result"]
    assert with_keys(client, result["Credentials"]).status(BODY["task_id"]) == "not_found"
    assert result["AssumedRoleUser"]["Trn"] == "trn:sts::2100000000:assumed-role/omnihuman-emulator/nightly"


@pytest.mark.parametrize(("asked", "given_s"), [(None, 3600), ("899", 3600), ("900", 900), ("43200", 43_200), ("43201", 43_200)])
def test_the_duration_is_bounded_as_the_vendors_page_says(client, asked, given_s):
    query = {name: value for name, value in (ASKED | {"DurationSeconds": asked}).items() if value}
    assert lifetime_s(keys_of(assume(client, query))) == given_s


def test_keys_end_when_they_said(client):
    temporary = with_keys(client, keys_of(assume(client)))
    client.advance(895)
    assert temporary.call(QUERY, BODY).status_code == 200
    client.advance(5)
    assert error_of(temporary.call(QUERY, BODY)) == (401, "InvalidSecretToken")


def test_keys_survive_a_restart_and_are_worth_nothing_elsewhere(start, tmp_path):
    with running_emulator(data_dir=tmp_path) as emulator:
        keys = keys_of(assume(Client(emulator.endpoint)))
    again, other = start(data_dir=tmp_path), start()
    assert with_keys(again, keys).call(QUERY, BODY).status_code == 200
    assert error_of(with_keys(other, keys).call(QUERY, BODY)) == (401, "InvalidAccessKey")


def test_an_early_end_can_be_demanded(start):
    assert lifetime_s(keys_of(assume(start(role_session_s=2)))) == 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"SessionToken": ""}, (401, "InvalidSecretToken"), id="no token"),
        pytest.param({"SessionToken": "made-up"}, (401, "InvalidSecretToken"), id="no token of ours"),
        pytest.param({"SecretAccessKey": LOCAL_SECRET_KEY}, (401, "SignatureDoesNotMatch"), id="another secret"),
        pytest.param({"AccessKeyId": "AKTP" + "0" * 48}, (401, "InvalidAccessKey"), id="a key that was never issued"),
        pytest.param({"AccessKeyId": LOCAL_ACCESS_KEY}, (401, "SignatureDoesNotMatch"), id="the account's own key"),
    ],
)
def test_temporary_keys_are_good_together_only(client, change, expected):
    keys = keys_of(assume(client))
    assert error_of(with_keys(client, keys | change).call(QUERY, BODY)) == expected


def test_a_token_is_good_for_its_own_key_only(client):
    one, other = keys_of(assume(client)), keys_of(assume(client))
    mixed = with_keys(client, one | {"SessionToken": other["SessionToken"]})
    assert error_of(mixed.call(QUERY, BODY)) == (401, "InvalidSecretToken")


def test_a_token_whose_end_was_put_off_is_refused(client):
    keys = keys_of(assume(client))
    expires_s, _, proof = base64.b64decode(keys["SessionToken"]).decode().partition(".")
    later = base64.b64encode(f"{int(expires_s) + 1}.{proof}".encode()).decode()
    assert error_of(with_keys(client, keys | {"SessionToken": later}).call(QUERY, BODY)) == (401, "InvalidSecretToken")


@pytest.mark.parametrize(
    ("query", "changes", "expected"),
    [
        pytest.param({"RoleTrn": ""}, {}, (400, "ParameterNotFound"), id="no role"),
        pytest.param({"RoleSessionName": ""}, {}, (400, "ParameterNotFound"), id="no name"),
        pytest.param({"RoleSessionName": "n" * 65}, {}, (400, "InvalidRoleSessionName"), id="a long name"),
        pytest.param({"RoleTrn": "omnihuman-emulator"}, {}, (400, "InvalidTRN"), id="a name for a TRN"),
        pytest.param({"RoleTrn": "trn:iam::2100000000:role/other"}, {}, (404, "RoleNotExist"), id="no such role"),
        pytest.param({"RoleTrn": "trn:iam::21:role/omnihuman-emulator"}, {}, (404, "RoleNotExist"), id="another account"),
        pytest.param({"DurationSeconds": "an hour"}, {}, (400, "InvalidDurationSeconds"), id="no number"),
        pytest.param({}, {"ak": "AKLTnobody"}, (401, "InvalidAccessKey"), id="no such key"),
        pytest.param({}, {"sk": "wrong"}, (401, "SignatureDoesNotMatch"), id="wrong secret"),
        pytest.param({}, {"region": "moon-1"}, (400, "InvalidCredential"), id="region"),
        pytest.param({}, {"service": "iam"}, (404, "ServiceNotFound"), id="another service"),
        pytest.param({}, {"service": "cv"}, (404, "InvalidActionOrVersion"), id="signed for the visual API"),
        pytest.param({}, {"session_token": "made-up"}, (401, "InvalidSecretToken"), id="a token too many"),
        pytest.param({}, {"version": "2022-08-31"}, (404, "InvalidActionOrVersion"), id="version"),
        pytest.param({}, {"version": ""}, (400, "MissingParameter"), id="no version"),
        pytest.param({}, {"action": QUERY}, (404, "InvalidActionOrVersion"), id="action"),
        pytest.param({}, {"method": "POST"}, (404, "InvalidActionOrVersion"), id="method"),
    ],
)
def test_each_way_of_getting_it_wrong(client, query, changes, expected):
    assert error_of(assume(client, ASKED | query, **changes)) == expected


def test_temporary_keys_assume_no_role(client):
    """Chained roles are not emulated."""
    keys = keys_of(assume(client))
    chained = {"ak": keys["AccessKeyId"], "sk": keys["SecretAccessKey"], "session_token": keys["SessionToken"]}
    assert error_of(assume(client, **chained)) == (401, "InvalidAccessKey")


def test_it_is_counted_and_can_be_made_to_fail(client):
    client.fault(kind="code", code="AccessDenied", action="AssumeRole")
    assert error_of(assume(client)) == (403, "AccessDenied")
    client.fault(kind="code", code="RoleNotExist", action="AssumeRole")
    assert error_of(assume(client)) == (404, "RoleNotExist")
    keys_of(assume(client))
    assert client.state()["requests"]["AssumeRole"] == {"10000": 1, "fault:code": 2}
