"""The form's Test: what is wrong is told apart, each with what to do, over real sockets; it costs nothing and shows no secret."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from airflow.models.connection import Connection

from airflow_provider_omnihuman.api.errors import TransportError
from airflow_provider_omnihuman.hooks.doubao_speech import DoubaoSpeechHook
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

SECRET = "s3cr3t"


@pytest.fixture
def press(emulator, monkeypatch):
    """Test a connection to OmniHuman with these changes; return what is said."""

    def _press(**changes):
        fields = {"login": emulator.settings.access_key, "password": emulator.settings.secret_key} | changes
        extra = {"endpoint": emulator.endpoint} | fields.pop("extra", {})
        document = {"conn_type": "omnihuman", **fields, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", json.dumps(document))
        return OmniHumanHook().test_connection()

    return _press


@pytest.fixture
def press_speech(emulator, monkeypatch):
    """Test a connection to Doubao with these changes; return what is said."""

    def _press(**changes):
        fields = {"password": emulator.settings.speech_api_key} | changes
        extra = {"endpoint": emulator.endpoint} | fields.pop("extra", {})
        document = {"conn_type": "doubao_speech", **fields, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_DOUBAO_SPEECH_DEFAULT", json.dumps(document))
        return DoubaoSpeechHook().test_connection()

    return _press


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"login": "AKLTnobody"}, ["[InvalidAccessKey]", "login (Access Key ID)", "the other site"]),
        ({"password": f"{SECRET}-wrong"}, ["[SignatureDoesNotMatch]", "password (Secret Access Key)"]),
        ({"extra": {"session_token": f"{SECRET}-wrong"}}, ["[InvalidSecretToken]", "renew session_token"]),
        ({"extra": {"region": "cn-beijing"}}, ["[InvalidCredential]", "check region and site"]),
        ({"login": None}, ["login (Access Key ID) is missing"]),
    ],
)
def test_what_is_wrong_with_the_keys_is_told_apart(press, emulator, changes, told):
    works, said = press(**changes)
    assert not works
    assert all(part in said for part in told), said
    assert SECRET not in said
    assert emulator.accepted() == 0


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("50400", "activate the service in the console"),
        ("50204", "activate the service in the console"),
        ("50200", "activate the service in the console"),
        ("AccessDenied", "grant the key's user access"),
        ("LackPolicy", "grant the key's user access"),
    ],
)
def test_a_service_that_may_not_be_used_is_told(press, emulator, code, told):
    emulator.fault(kind="code", code=code, action="CVGetResult")
    works, said = press()
    assert not works
    assert f"[{code}]" in said
    assert told in said


def test_not_the_api_is_told(press, emulator):
    emulator.fault(kind="html", action="CVGetResult")
    works, said = press()
    assert not works
    assert "is not the API's" in said
    assert "text/html" in said
    assert "endpoint" in said


@pytest.fixture
def service_on_time():
    """An emulator in a process of its own, whose clock this test does not move."""
    command = [sys.executable, "-m", "airflow_provider_omnihuman.emulator", "--qps", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    yield json.loads(process.stdout.readline())["endpoint"]
    process.kill()
    process.communicate()


@pytest.mark.parametrize(("minutes", "told"), [(-20, "20 min behind"), (90, "90 min ahead of")])
def test_a_clock_that_is_off_is_told_by_how_much(press, service_on_time, minutes, told):
    with time_machine.travel(time.time() + minutes * 60, tick=True):
        works, said = press(extra={"endpoint": service_on_time})
    assert not works
    assert "[InvalidTimestamp]" in said
    assert f"this machine's clock is {told} the service's" in said
    assert "NTP" in said


@pytest.fixture
def full():
    """A port that takes no connection and refuses none, as behind a firewall that drops packets."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        time.sleep(0.1)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for one in waiting:
            one.close()


@pytest.fixture
def self_signed(tmp_path):
    """A server whose certificate nobody vouches for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1)).sign(
        key, hashes.SHA256()
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    (tmp_path / "server.pem").write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@pytest.fixture
def extras(full, self_signed, emulator):
    """Extras of a connection by what is in the way."""
    return {
        "no such name": {"endpoint": "http://no-such-host.invalid"},
        "refused": {"endpoint": "http://127.0.0.1:9"},
        "firewall": {"endpoint": full, "connect_timeout_s": 0.3},
        "slow": {"read_timeout_s": 0.2},
        "certificate": {"endpoint": self_signed},
        "no TLS": {"endpoint": emulator.endpoint.replace("http:", "https:")},
        "broken off": {},
    }


IN_THE_WAY = {
    "no such name": "its host name cannot be resolved",
    "refused": "the connection is refused",
    "firewall": "set HTTPS_PROXY",
    "slow": "no reply in time",
    "certificate": "certificate is not trusted",
    "no TLS": "does not speak TLS",
    "broken off": "broke off",
}


@pytest.mark.parametrize("what", IN_THE_WAY)
def test_what_is_in_the_way_is_told_apart(press, emulator, extras, what):
    if what == "slow":
        emulator.fault(kind="delay", action="CVGetResult", delay_s=1.0)
    if what == "broken off":
        emulator.fault(kind="reset", action="CVGetResult")
    works, said = press(extra=extras[what])
    assert not works
    assert IN_THE_WAY[what] in said, said


@pytest.mark.parametrize("what", IN_THE_WAY)
def test_the_triggerers_client_tells_the_same(press, emulator, extras, what, monkeypatch):
    async def probe():
        async with await OmniHumanHook().get_async_conn() as client:
            await client.perform(client.api.probe())

    press(extra=extras[what])
    if what == "slow":
        emulator.fault(kind="delay", action="CVGetResult", delay_s=1.0)
    if what == "broken off":
        emulator.fault(kind="reset", action="CVGetResult")
    with pytest.raises(TransportError) as caught:
        asyncio.run(probe())
    assert IN_THE_WAY[what] in str(caught.value), str(caught.value)


def test_a_proxy_that_refuses_is_told(press, emulator, monkeypatch):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", emulator.endpoint)  # it is no proxy, and says so
    works, said = press(extra={"endpoint": "https://visual.example"})
    assert not works
    assert "the proxy in HTTPS_PROXY" in said


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"password": f"{SECRET}-wrong"}, ["[45000010]", "API key"]),
        ({"login": "nobody", "password": f"{SECRET}-wrong"}, ["[45000010]", "App ID"]),
        ({"extra": {"resource_id": "seed-icl-2.0"}}, ["[45000030]", "activate it in the console", "resource_id"]),
        ({"password": None}, ["password is missing"]),
    ],
)
def test_what_is_wrong_with_the_speech_keys_is_told_apart(press_speech, changes, told):
    works, said = press_speech(**changes)
    assert not works
    assert all(part in said for part in told), said
    assert SECRET not in said


@pytest.mark.parametrize("what", ["no such name", "refused", "slow", "certificate", "no TLS", "broken off"])
def test_what_is_in_the_way_of_speech_is_told_apart(press_speech, emulator, extras, what):
    extra = {name: value for name, value in extras[what].items() if name == "endpoint"}
    if what == "slow":
        emulator.fault(kind="delay", action="speech", delay_s=1.0)
        extra["timeout_s"] = 0.2
    if what == "broken off":
        emulator.fault(kind="reset", action="speech")
    works, said = press_speech(extra=extra)
    assert not works
    assert IN_THE_WAY[what] in said, said


def test_speech_that_is_not_the_api_is_told(press_speech, emulator):
    emulator.fault(kind="html", status=404, action="speech")
    works, said = press_speech()
    assert not works
    assert "endpoint" in said


@pytest.mark.parametrize("conn_type", ["omnihuman", "doubao_speech"])
def test_airflow_tests_a_copy_under_another_name(connections, monkeypatch, conn_type):
    """As its API server does: the fields of the form, empty ones as null, go through a URI under a name made up for it."""
    stored = Connection.get_connection_from_secrets(f"{conn_type}_default")
    empty = {"region": None, "max_qps": None, "currency": None, "resource_id": None, "timeout_s": None}
    copy = Connection(
        conn_id="x7k2",
        conn_type=conn_type,
        host="",
        login=stored.login,
        password=stored.password,
        schema="",
        port=None,
        extra=json.dumps(empty | json.loads(stored.extra)),
    )
    monkeypatch.setitem(os.environ, "AIRFLOW_CONN_X7K2", copy.get_uri())
    works, said = copy.test_connection()
    assert works, said
    assert "x7k2" not in said


def test_the_made_up_name_is_in_no_message(monkeypatch):
    copy = Connection(conn_id="x7k2", conn_type="omnihuman", password="p", extra="{}")
    monkeypatch.setitem(os.environ, "AIRFLOW_CONN_X7K2", copy.get_uri())
    assert copy.test_connection() == (False, "login (Access Key ID) is missing")
