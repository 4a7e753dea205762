"""Whatever stands in a connection: it can be used as it is, or an error of ours names the field and shows no secret."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from airflow.sdk import Connection
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_omnihuman.api.errors import InvalidConnectionError
from airflow_provider_omnihuman.api.signing import SignatureV4Auth
from airflow_provider_omnihuman.api.sts import STS_SERVICE, assume_role
from airflow_provider_omnihuman.hooks.doubao_speech import DoubaoSpeechHook
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
from airflow_provider_omnihuman.speech.errors import SpeechSetupError
from tests.fuzz.hostile import ABSENT, ODD, ODDITIES, SECRET, examples, is_clear, outcome

pytestmark = pytest.mark.timeout(300)  # seconds, on a machine that does other things, too

PLAIN = st.sampled_from([None, "", "AKLT", "app", " ", "密钥", "a\nb", "\x00", "\ud800", "🔑"]) | st.text(max_size=8)
SECRETS = st.one_of(
    st.sampled_from([SECRET, f"{SECRET}\n", f"\t{SECRET}", f"{SECRET}🔑", f"{SECRET}\r\nX-Evil: 1", None, ""]),
    st.tuples(st.text(max_size=4), st.text(max_size=4)).map(SECRET.join),
)
ENDPOINTS = st.sampled_from(
    [
        *("https://visual.volcengineapi.com", "http://127.0.0.1:9", "http://[::1]:9", "HTTPS://H.EXAMPLE/", "https://h."),
        *("visual.volcengineapi.com", "//h", "https://h:0", "https://h:99999", "https://h:-1", "https://h:٣", "https://."),
        *("https://☃.example", "https://a..b", "https://xn--a", "https://" + "a" * 300, "https://[", "https://[v1.a]"),
        *("https://h\t", "https://h%00", "https://h\\@g", "https://h\ud800"),
        *(f"https://me:{SECRET}@h", f"https://h/?token={SECRET}", f"https://h/#{SECRET}", f"https://:{SECRET}@h:99999"),
        *(f"https://me:{SECRET}@[", f"https://{SECRET}@a b", f"https://h/?X-Amz-Signature={SECRET}&y= z"),
    ]
)
SPANS = st.sampled_from([5, "5", 0.5, 0, -1, "nan", "inf", "1e999", True, "soon", [5], {}, 10**400, "٥", *ODD])
EXTRAS = st.fixed_dictionaries(
    {},
    optional={
        "site": st.sampled_from(["mainland", "international", "Mainland", 7, ["mainland"], *ODD]),
        "region": st.sampled_from(["cn-north-1", "cn north", "cn\n", *ODD]),
        "endpoint": ENDPOINTS | ODDITIES,
        "session_token": SECRETS | st.sampled_from([7, [SECRET], {"token": SECRET}]),
        "connect_timeout_s": SPANS,
        "read_timeout_s": SPANS,
        "role_trn": st.sampled_from(["trn:iam::21:role/r", "trn:iam::21:role/", "arn:aws:iam::21:role/r", f"trn:{SECRET}", *ODD]),
        "role_session_name": st.sampled_from(["nightly", "a b", "n" * 65, "名", *ODD]),
        "role_duration_s": SPANS | st.sampled_from([899, 900, "43200", 43201]),
        "sts_endpoint": ENDPOINTS | ODDITIES,
        "max_concurrency": SPANS,
        "price_per_second": SPANS,
        "currency": st.sampled_from(["CNY", "US$", " CNY ", "C" * 99, "C\nY", *ODD]),
        "timeout_s": SPANS,
        "resource_id": st.sampled_from(["seed-tts-2.0", "seed tts", *ODD]),
    },
).map(lambda extra: {name: value for name, value in extra.items() if value is not ABSENT})
RAW_EXTRAS = EXTRAS.map(json.dumps) | st.sampled_from([None, "", "null", "[]", "7", "{half", "site: mainland"])
CONNECTIONS = st.fixed_dictionaries(
    {"login": PLAIN, "password": SECRETS, "extra": st.one_of(RAW_EXTRAS, RAW_EXTRAS, RAW_EXTRAS, st.text(max_size=12))},
    optional={
        "host": ENDPOINTS | st.text(max_size=8),
        "schema": st.sampled_from(["https", "http", "", "ftp", "ht tp", "\x00"]),
        "port": st.sampled_from([443, 0, -1, 99999]),
    },
)


def made_of(hook: type, fields: dict[str, Any]) -> Any:
    """A hook whose connection is this one: what Airflow's look-up would have found."""
    found = Connection(conn_id="c", conn_type=hook.conn_type, **fields)

    class Hook(hook):
        def get_connection(self, _conn_id: str) -> Connection:
            return found

    return Hook("c")


@examples(1500)
@given(fields=CONNECTIONS)
def test_a_connection_to_omnihuman_signs_or_says_what_is_wrong(fields):
    hook = made_of(OmniHumanHook, fields)
    client = outcome(hook.get_conn, ours=InvalidConnectionError)
    if isinstance(client, InvalidConnectionError):
        assert is_clear(client)
        assert str(client).startswith("connection 'c': ")
        return
    settings = hook.settings()
    assert SECRET not in repr(client) + repr(settings)
    request = httpx.Request("POST", client.api.base_url, content=b"{}")
    SignatureV4Auth(settings.credentials, region=settings.region).sign(request)
    if settings.role:
        question = next(assume_role(settings.role))
        SignatureV4Auth(settings.credentials, region=settings.role.region, service=STS_SERVICE).sign(question)
    assert request.headers["Authorization"].startswith("HMAC-SHA256 Credential=")
    httpx.Timeout(settings.read_timeout_s, connect=settings.connect_timeout_s)


@examples(1000)
@given(fields=CONNECTIONS)
def test_a_connection_to_doubao_speech_makes_an_engine_or_says_what_is_wrong(fields):
    hook = made_of(DoubaoSpeechHook, fields)
    engine = outcome(hook.engine, ours=SpeechSetupError)
    if isinstance(engine, SpeechSetupError):
        assert is_clear(engine)
        assert str(engine).startswith("connection 'c': ")
        return
    assert SECRET not in repr(engine)
    headers = engine.credentials.headers() | {"X-Api-Resource-Id": engine.resource_id}
    httpx.Request("POST", engine.endpoint, headers=headers)


@pytest.mark.parametrize(
    ("hook", "error"),
    [
        (OmniHumanHook, InvalidConnectionError),
        (DoubaoSpeechHook, SpeechSetupError),
    ],
)
def test_an_extra_of_nothing_but_brackets_is_no_json_object(hook, error):
    with pytest.raises(error, match="connection 'c': extra is not a JSON object"):
        made_of(hook, {"login": "a", "password": SECRET, "extra": "[" * 3000}).get_conn()
