"""Each example on the page about connections is read by Airflow itself, and says what the page says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from datetime import datetime

import pytest
from airflow.models.connection import Connection
from airflow.providers.common.compat.sdk import AirflowNotFoundException
from volcengine.sts.StsService import StsService

from airflow_provider_omnihuman.connection_forms import CONNECTION_FORMS
from airflow_provider_omnihuman.emulator.settings import LOCAL_ROLE_TRN
from airflow_provider_omnihuman.hooks.doubao_speech import DoubaoSpeechHook
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
from airflow_provider_omnihuman.hooks.settings import ConnectionSettings
from tests.conftest import PROJECT

PAGE = (PROJECT / "docs" / "connections.md").read_text()
LINES = [shlex.split(block) for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)]
EXPORTS = [words[1].split("=", 1) for words in LINES if words[0] == "export"]
COMMANDS = [words for words in LINES if words[:3] == ["airflow", "connections", "add"]]
(BACKEND_FILE,) = (json.loads(block) for block in re.findall(r"```json\n(\{\"omnihuman_default.*?)```", PAGE, re.DOTALL))


def of_type(conn_type):
    return [(name, value) for name, value in EXPORTS if value.startswith((f'{{"conn_type": "{conn_type}"', conn_type[:6]))]


def test_the_page_has_each_form():
    assert [value[0] for _, value in of_type("omnihuman")] == ["{", "o", "{"]
    assert [value[0] for _, value in of_type("doubao_speech")] == ["{", "d"]
    assert [words[4] for words in COMMANDS] == ["--conn-json", "--conn-uri"]


@pytest.mark.parametrize(("name", "value"), of_type("omnihuman"))
def test_an_environment_variable_is_read(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    settings = OmniHumanHook(name.removeprefix("AIRFLOW_CONN_").lower()).settings()
    assert (settings.credentials.access_key_id, settings.credentials.secret_access_key) == ("AKLTexample", "c2VjcmV0/a+b==")
    if settings.role:
        assert (settings.role.trn, settings.role.duration_s) == ("trn:iam::2000012345:role/omnihuman", 3600)
    else:
        assert (settings.site.name, settings.max_qps, settings.endpoint) == ("mainland", 10, "")


@pytest.mark.parametrize(("name", "value"), of_type("doubao_speech"))
def test_a_variable_of_the_speech_connection_is_read(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    engine = DoubaoSpeechHook().engine()
    assert engine.credentials.headers() == {"X-Api-Key": "k/e+y="}
    assert engine.resource_id == "seed-tts-2.0"


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[4])
def test_a_command_adds_that_connection(words):
    from airflow.cli.cli_parser import get_parser

    options = get_parser().parse_args(words[1:])
    if options.conn_json:
        connection = Connection.from_json(options.conn_json, conn_id=options.conn_id)
    else:
        connection = Connection(conn_id=options.conn_id, uri=options.conn_uri)
    settings = ConnectionSettings.read(connection, connection.extra_dejson)
    assert connection.conn_id == "omnihuman_default"
    assert settings.credentials.secret_access_key == "c2VjcmV0/a+b=="
    assert settings.max_qps == 10


def test_a_secret_with_a_bare_slash_is_no_uri(monkeypatch):
    """As the page warns."""
    (uri,) = (value for _, value in of_type("omnihuman") if value.startswith("omnihuman:"))
    monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", uri.replace("%2F", "/"))
    with pytest.raises((AirflowNotFoundException, ValueError)):
        OmniHumanHook().settings()


@pytest.mark.parametrize("conn_type", CONNECTION_FORMS)
def test_the_page_has_each_field_of_the_form(conn_type):
    start = PAGE.index(f"type `{conn_type}`")
    section = PAGE[start : PAGE.find("\n## ", start)]
    documented = {name for line in section.splitlines() if line.startswith("| extra") for name in re.findall(r"`(\w+)`", line)}
    assert set(CONNECTION_FORMS[conn_type].fields) <= documented


ROTATING = """
import json, os, sys
from airflow_provider_omnihuman.api.errors import TaskLostError
from airflow_provider_omnihuman.api.waiting import Wait
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
import time

def ask(hook):
    try:
        hook.wait_until_done("7", wait=Wait(deadline=time.time() + 20))
    except TaskLostError:
        return hook.get_conn().credentials.access_key_id

hook = OmniHumanHook()
print(ask(hook), flush=True)
sys.stdin.readline()
print(ask(hook), flush=True)
"""


@pytest.mark.slow
def test_keys_that_a_secrets_backend_rotates_are_taken_up_by_a_hook_in_use(emulator, tmp_path):
    """The connection stands in no environment variable and no database; its temporary keys end while the hook is in use."""
    file = tmp_path / "connections.json"
    issued = iter(range(2))

    def rotate():
        service = StsService()
        service.set_ak(emulator.settings.access_key)
        service.set_sk(emulator.settings.secret_key)
        service.set_scheme("http")
        service.set_host(emulator.endpoint.removeprefix("http://"))
        asked = {"RoleTrn": LOCAL_ROLE_TRN, "RoleSessionName": f"sidecar-{next(issued)}", "DurationSeconds": "900"}
        keys = service.assume_role(asked)["Result"]["Credentials"]
        document = json.loads(json.dumps(BACKEND_FILE))
        document["omnihuman_default"] |= {"login": keys["AccessKeyId"], "password": keys["SecretAccessKey"]}
        document["omnihuman_default"]["extra"] = {"session_token": keys["SessionToken"], "endpoint": emulator.endpoint}
        file.write_text(json.dumps(document))
        assert datetime.fromisoformat(keys["ExpiredTime"]) > datetime.fromisoformat(keys["CurrentTime"])
        return keys["AccessKeyId"]

    first = rotate()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_CONN_")} | {
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"connections_file_path": str(file)}),
    }
    with subprocess.Popen(
        [sys.executable, "-c", ROTATING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        said = iter(lambda: process.stdout.readline().strip(), "")
        assert first in next(line for line in said if line.startswith("AKTP"))
        emulator.advance(1000)
        second = rotate()
        process.stdin.write("\n")
        process.stdin.flush()
        assert second in next(line for line in said if line.startswith("AKTP"))
    assert first != second
    assert emulator.state()["requests"]["CVGetResult"]["InvalidSecretToken"] == 1
