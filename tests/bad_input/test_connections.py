"""Connections that cannot work: the task says which connection and which field, shows no secret, and asks nobody."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowNotFoundException

from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from airflow_provider_omnihuman.sensors.task import OmniHumanTaskSensor
from tests.bad_input.cases import ACCEPTABLE, SECRET, Refused, each
from tests.bad_input.files import uri

ACCEPTABLE |= {
    TextToSpeechOperator: {"text": "Good evening."},
    OmniHumanTaskSensor: {"omnihuman_task_id": "7392616336519610409", "deferrable": False, "poke_interval": 0.05},
}


def at_nobody(fields: dict[str, Any]) -> dict[str, Any]:
    """Point a connection at a port of nobody, unless it says something else about that."""
    extra = fields.get("extra", {})
    return {**fields, "extra": {"endpoint": "http://127.0.0.1:9"} | extra if isinstance(extra, dict) else extra}


def omnihuman(name: str, *told: str, defect: str = "", **fields: Any) -> Refused:
    """A mistake in the connection to OmniHuman."""
    document = {"conn_type": "omnihuman", "login": "AK", "password": SECRET, **at_nobody(fields)}
    connections = {"omnihuman_default": document}
    return Refused(name=name, connections=connections, told=("connection 'omnihuman_default': ", *told), defect=defect)


def doubao(name: str, *told: str, defect: str = "", **fields: Any) -> Refused:
    """A mistake in the connection to Doubao Speech."""
    document = {"conn_type": "doubao_speech", "password": SECRET, **at_nobody(fields)}
    return Refused(
        name=f"Doubao: {name}",
        operator=TextToSpeechOperator,
        connections={"doubao_speech_default": document},
        told=("connection 'doubao_speech_default': ", *told),
        defect=defect,
    )


KEYS = [
    omnihuman("no login", "login (Access Key ID) is missing", login=None),
    omnihuman("empty login", "login (Access Key ID) is missing", login=""),
    omnihuman("no password", "password (Secret Access Key) is missing", password=None),
    omnihuman(
        "secret with a line break", "password (Secret Access Key) holds", "line break", "copy it again", password=f"{SECRET}\n"
    ),
    omnihuman("secret of two lines", "password (Secret Access Key) holds", password=f"{SECRET}\r\nX-Evil: 1"),
    omnihuman("secret with a tab", "password (Secret Access Key) holds", password=f"\t{SECRET}"),
    omnihuman("secret with a NUL", "password (Secret Access Key) holds", password=f"{SECRET}\x00"),
    omnihuman("key id with a space", "login (Access Key ID) holds a space", login="AK LT"),
    omnihuman("key id in full width", "login (Access Key ID) holds", "non-ASCII", login="ＡＫ"),
    omnihuman("key id with an emoji", "login (Access Key ID) holds", "non-ASCII", login="AK🔑"),
    omnihuman("token with a space", "extra session_token holds a space", extra={"session_token": f"{SECRET} "}),
    omnihuman("token that is a list", "extra session_token", extra={"session_token": [SECRET]}),
]

EXTRAS = [
    omnihuman("unknown site", "site must be one of mainland, international, not 'moon'", extra={"site": "moon"}),
    omnihuman("site in capitals", "site must be one of", "not 'Mainland'", extra={"site": "Mainland"}),
    omnihuman("site that is a list", "site must be one of", extra={"site": ["mainland"]}),
    omnihuman("region that is a number", "extra region", extra={"region": 7}),
    omnihuman("region with a line break", "extra region holds", extra={"region": "cn-north-1\n"}),
    omnihuman("endpoint without a scheme", "extra endpoint", "'cv.example.com'", extra={"endpoint": "cv.example.com"}),
    omnihuman("endpoint with a path", "extra endpoint", "without path or query", extra={"endpoint": "https://h/v1"}),
    omnihuman("endpoint with a query", "extra endpoint", extra={"endpoint": f"https://h/?token={SECRET}"}),
    omnihuman("endpoint with a password", "extra endpoint", extra={"endpoint": f"https://me:{SECRET}@h"}),
    omnihuman("endpoint with a fragment", "extra endpoint", extra={"endpoint": "https://h/#top"}),
    omnihuman("endpoint with a line break", "extra endpoint", extra={"endpoint": "https://h\n"}),
    omnihuman("endpoint that is a number", "extra endpoint must be a URL, not int", extra={"endpoint": 7}),
    omnihuman("endpoint with port 0", "extra endpoint", "'https://h:0'", extra={"endpoint": "https://h:0"}),
    omnihuman("endpoint with port 99999", "extra endpoint", "99999", extra={"endpoint": "https://h:99999"}),
    omnihuman("endpoint of a snowman", "extra endpoint", extra={"endpoint": "https://☃.example"}),
    omnihuman("host with a path", "host must be a base URL", "'https://h/v1'", host="h/v1", extra={"endpoint": ""}),
    omnihuman("host with spaces", "host must be a base URL", host="my host", extra={"endpoint": ""}),
    omnihuman(
        "schema that is no scheme",
        "host must be a base URL",
        "'omnihuman://h'",
        host="h",
        schema="omnihuman",
        extra={"endpoint": ""},
    ),
    omnihuman("timeout 'soon'", "extra read_timeout_s must be a positive number", "'soon'", extra={"read_timeout_s": "soon"}),
    omnihuman("timeout 0", "extra connect_timeout_s must be a positive number", "not 0", extra={"connect_timeout_s": 0}),
    omnihuman("timeout 'NaN'", "extra read_timeout_s must be a positive number", "'NaN'", extra={"read_timeout_s": "NaN"}),
    omnihuman("endless timeout", "extra read_timeout_s must be a positive number", "'inf'", extra={"read_timeout_s": "inf"}),
    omnihuman("timeout true", "extra read_timeout_s must be a positive number", "True", extra={"read_timeout_s": True}),
    omnihuman("timeout of a list", "extra read_timeout_s must be a positive number", "[5]", extra={"read_timeout_s": [5]}),
    omnihuman("keys of another cloud", "its type is 'aws', not 'omnihuman'", "name one of type 'omnihuman'", conn_type="aws"),
    omnihuman("role of another cloud", "extra role_trn must be trn:iam::", extra={"role_trn": "arn:aws:iam::1:role/r"}),
    omnihuman("role that is a name", "extra role_trn", "not 'omnihuman'", extra={"role_trn": "omnihuman"}),
    omnihuman(
        "role for a minute",
        "role_duration_s must be 900 to 43200",
        extra={"role_trn": "trn:iam::1:role/r", "role_duration_s": 60},
    ),
    omnihuman(
        "STS without a scheme", "extra sts_endpoint", extra={"role_trn": "trn:iam::1:role/r", "sts_endpoint": "sts.example.com"}
    ),
    omnihuman("price with a comma", "extra price_per_second must be a positive number", extra={"price_per_second": "1,2"}),
    omnihuman("no jobs at once", "extra max_concurrency must be a positive whole number", extra={"max_concurrency": 0}),
    omnihuman("currency in words", "extra currency must be a text of at most 16", extra={"currency": "renminbi, yuan, fen"}),
]

SPEECH = [
    doubao("no password", "password is missing", "put the API key there", password=None),
    doubao("key with a line break", "api_key holds", "line break", "copy it again", password=f"{SECRET}\n"),
    doubao("App ID with a space", "app_id holds a space", login="my app"),
    doubao("access key with an emoji", "access_key holds", "non-ASCII", login="app", password=f"{SECRET}🔑"),
    doubao("endpoint without a scheme", "extra endpoint", "'openspeech'", extra={"endpoint": "openspeech"}),
    doubao("endpoint that is a list", "extra endpoint must be a URL, not list", extra={"endpoint": ["https://h"]}),
    doubao("endpoint with a password", "extra endpoint", extra={"endpoint": f"https://me:{SECRET}@h"}),
    doubao("timeout NaN", "extra timeout_s must be a positive number", extra={"timeout_s": "nan"}),
    doubao("timeout that is a mapping", "extra timeout_s must be a positive number", extra={"timeout_s": {"s": 5}}),
    doubao("resource with a space", "resource_id", "seed tts", extra={"resource_id": "seed tts"}),
    doubao("resource that is a list", "resource_id", "['seed-tts-2.0']", extra={"resource_id": ["seed-tts-2.0"]}),
    doubao("keys of another cloud", "its type is 'aws', not 'doubao_speech'", "of type 'doubao_speech'", conn_type="aws"),
]


# Airflow 3.1 passes over a variable whose extra is no JSON object, and then knows of no such connection.
UNREADABLE = [
    replace(case, told=(conn_id,), error=(AirflowFailException, AirflowNotFoundException))
    for conn_id, case in (
        ("omnihuman_default", omnihuman("extra that is a list", extra='["a"]')),
        ("omnihuman_default", omnihuman("extra that is YAML", extra="site: mainland")),
        ("doubao_speech_default", doubao("extra that is no JSON", extra="resource_id=seed-tts-2.0")),
    )
]

ABSENT = [
    Refused(
        name=f"{operator.__name__} with a connection that is not there",
        operator=operator,
        given={field: "no_such_conn"},
        told=("The conn_id `no_such_conn` isn't defined", "create a connection 'no_such_conn' of type", field),
        error=AirflowNotFoundException,  # Airflow's own, which a retry may mend: the connection may be on its way
    )
    for operator, field in (
        (OmniHumanSubmitOperator, "omnihuman_conn_id"),
        (OmniHumanTaskSensor, "omnihuman_conn_id"),
        (TextToSpeechOperator, "speech_conn_id"),
    )
]


@each([*KEYS, *EXTRAS, *SPEECH, *UNREADABLE, *ABSENT])
def test_it_is_refused_before_anything_is_sent(refused, case):
    refused(case)


@each([KEYS[0], KEYS[3], EXTRAS[0]])
def test_the_sensor_says_the_same(refused, case):
    refused(Refused(name=case.name, connections=case.connections, told=case.told, operator=OmniHumanTaskSensor))


@each([KEYS[0], KEYS[3], EXTRAS[0], EXTRAS[5], EXTRAS[18]])
def test_the_forms_test_button_says_the_same(connections, monkeypatch, case):
    monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", json.dumps(case.connections["omnihuman_default"]))
    good, message = OmniHumanHook().test_connection()
    assert not good
    assert all(part in message for part in case.told[1:])
    assert SECRET not in message


@pytest.mark.parametrize(("field", "value"), [("login", "WRONG"), ("password", "wr0ng")])
def test_keys_that_are_refused_end_the_task_and_start_nothing(run, emulator, monkeypatch, field, value):
    """What only the service can know, it is asked once, and told without the key."""
    keys = {"login": emulator.settings.access_key, "password": emulator.settings.secret_key} | {field: value}
    document = {"conn_type": "omnihuman", **keys, "extra": {"endpoint": emulator.endpoint}}
    monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", json.dumps(document))
    operator = OmniHumanSubmitOperator(task_id="t", image_url=uri("portrait.png"), audio_url=uri("speech.wav"))
    with pytest.raises(AirflowFailException, match=r"^\[(InvalidAccessKey|SignatureDoesNotMatch)\] .*request ") as caught:
        run(operator)
    assert "wr0ng" not in str(caught.value)
    assert sum(emulator.state()["requests"]["CVSubmitTask"].values()) == 1
    assert emulator.accepted() == 0
