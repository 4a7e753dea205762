"""The hook turns a connection into a client; testing a connection costs nothing and says what is wrong."""

from __future__ import annotations

import asyncio
import json

import pytest

from airflow_provider_omnihuman.api.errors import InvalidConnectionError, TransportError
from airflow_provider_omnihuman.connection_forms import ui_field_behaviour
from airflow_provider_omnihuman.hooks.doubao_speech import DoubaoSpeechHook
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook


def test_testing_a_good_connection_succeeds_and_costs_nothing(connections, emulator):
    assert OmniHumanHook().test_connection() == (True, f"{emulator.endpoint} accepts the keys")
    assert emulator.accepted() == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"login": "AKLTnobody"}, "InvalidAccessKey"),
        ({"password": "wrong"}, "SignatureDoesNotMatch"),
        ({"password": ""}, "password (Secret Access Key) is missing"),
        ({"extra": {"endpoint": "http://127.0.0.1:9"}}, "check the network"),
    ],
)
def test_testing_a_bad_connection_says_what_is_wrong(connections, emulator, monkeypatch, changes, message):
    document = {
        "conn_type": "omnihuman",
        "login": emulator.settings.access_key,
        "password": emulator.settings.secret_key,
        "extra": {"endpoint": emulator.endpoint},
    }
    monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", json.dumps(document | changes))
    works, said = OmniHumanHook().test_connection()
    assert not works
    assert message in said


def test_both_ways_to_read_a_connection_agree(connections):
    assert asyncio.run(OmniHumanHook().async_settings()) == OmniHumanHook().settings()


def test_airflow_builds_the_hook_by_its_connection_argument():
    hook = OmniHumanHook(**{OmniHumanHook.conn_name_attr: "another"})
    assert hook.omnihuman_conn_id == "another"


def test_a_bad_connection_is_told_on_first_use(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", '{"conn_type": "omnihuman", "password": "x"}')
    with pytest.raises(InvalidConnectionError, match="connection 'omnihuman_default': login"):
        OmniHumanHook().get_conn()


def test_a_service_that_does_not_answer_is_no_job_that_is_late(connections, emulator):
    """The first may be mended by a retry of the task, the second may not."""
    emulator.fault(kind="reset", action="CVGetResult", count=None)
    with pytest.raises(TransportError) as caught:
        OmniHumanHook().fresh_video("7", patience_s=2)  # enough for a machine that is busy
    assert caught.value.retryable


@pytest.mark.parametrize("hook", [OmniHumanHook, DoubaoSpeechHook])
def test_the_form_methods_are_the_hook_classes_own(hook):
    """Airflow 3.1 passes over inherited ones."""
    assert {"get_connection_form_widgets", "get_ui_field_behaviour"} <= set(vars(hook))
    assert hook.get_ui_field_behaviour() == ui_field_behaviour(hook.conn_type)
