"""A URL is checked before anything is sent, and never shown with what is secret in it."""

from __future__ import annotations

import logging

import pytest

from airflow_provider_omnihuman.api.client import OmniHumanClient
from airflow_provider_omnihuman.api.conversations import Conversations
from airflow_provider_omnihuman.api.errors import InvalidRequestError, TransportError
from airflow_provider_omnihuman.api.signing import Credentials
from airflow_provider_omnihuman.api.urls import check_media_url, is_private_host, scrub, shown


@pytest.mark.parametrize(
    "url",
    [
        "http://a..b/x",
        "http://.a.example/x",
        f"http://{'x' * 64}.example/",
        "http://☃.example/",
        "http://a\ud800.example/",
        "http://a.example/\ud800",
        f"http://a.example/{'x' * 70_000}",
        "http://１２７.0.0.1/",
    ],
)
def test_a_url_that_no_client_could_open_is_refused_by_name(url):
    with pytest.raises(InvalidRequestError, match="^audio_url ") as caught:
        check_media_url(url, field="audio_url")
    str(caught.value).encode()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("url", ["https://h.example/ä", "https://例え.jp/x", "https://a.example./x", "http://[2606::1]/x"])
def test_an_unusual_url_that_works_is_accepted(url):
    assert check_media_url(url, field="f") == url


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("get https://h/p?X-Amz-Signature=s3cr3t now", "get https://h/p?… now"),
        ("HTTPS://h/p?sign=s3cr3t", "HTTPS://h/p?…"),
        ("'https://u:s3cr3t@h/p'", "'https://…@h/p'"),
        ("cannot fetch h.example/p?a=1&X-Amz-Signature=s3cr3t&b=2", "cannot fetch h.example/p?a=1&X-Amz-Signature=…&b=2"),
        ("url=https%3A%2F%2Fh%2Fp%3FX-Amz-Signature%3Ds3cr3t", "url=https%3A%2F%2Fh%2Fp%3FX-Amz-Signature%3D…"),
        ("X-Tos-Security-Token=s3cr3t", "X-Tos-Security-Token=…"),
        ("https://h/p is fine", "https://h/p is fine"),
    ],
)
def test_what_is_secret_in_a_url_is_scrubbed(text, clean):
    assert scrub(text) == clean


def test_a_refused_value_is_shown_without_secrets_and_not_at_length():
    assert shown({"uri": "https://h/p?X-Amz-Signature=s3cr3t"}) == "{'uri': 'https://h/p?…'}"
    assert len(shown("x" * 10_000)) < 250
    assert shown(10**5000) == "a huge int"


def test_the_wrong_kind_of_value_is_named_without_its_signature():
    with pytest.raises(InvalidRequestError, match="image_url must be an http.s. URL, not dict") as caught:
        check_media_url({"video_url": "https://h/p?X-Amz-Signature=s3cr3t"}, field="image_url")
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("host", ["minio", "minio:9000", "localhost.", "a.internal.", "127.0.0.1", "[fe80::1]"])
def test_a_host_of_this_network_only_is_private(host):
    assert is_private_host(f"http://{host}/x")


@pytest.mark.parametrize("host", ["cdn.example", "8.8.8.8", "[2606:4700::1]"])
def test_a_host_of_the_internet_is_public(host):
    assert not is_private_host(f"http://{host}/x")


@pytest.mark.parametrize("ask", [Conversations().recognize_subject, Conversations().detect_subjects])
def test_a_portrait_that_the_service_cannot_reach_is_refused_before_it_is_sent(stepper, ask):
    with pytest.raises(InvalidRequestError, match="image_url .* only this network can reach"):
        stepper.run(ask("http://minio:9000/p.png"))
    assert not stepper.requests


def test_an_endpoint_that_no_client_could_open_is_refused_when_it_is_given():
    with pytest.raises(InvalidRequestError, match="endpoint has a host that cannot exist"):
        OmniHumanClient(Credentials("AK", "SK"), endpoint="https://a..b")


@pytest.mark.parametrize("logger", ["httpx", "httpcore.http11", "httpcore.connection"])
def test_no_logger_of_the_http_library_tells_a_query(caplog, logger):
    logging.getLogger(logger).filters.clear()  # as in a program that has done nothing else
    OmniHumanClient(Credentials("AK", "SK"))
    with caplog.at_level(logging.DEBUG, logger=logger):
        logging.getLogger(logger).debug("[(b'Location', b'%s')]", "https://h/p?X-Amz-Signature=s3cr3t")
    assert "https://h/p?…" in caplog.text
    assert "s3cr3t" not in caplog.text


def test_a_proxy_whose_name_cannot_be_looked_up_is_a_request_that_never_arrived(monkeypatch):
    """The resolver raises a UnicodeError, which is no error of the HTTP library."""
    monkeypatch.setenv("http_proxy", "http://a..b:1")
    with (
        OmniHumanClient(Credentials("AK", "SK"), endpoint="http://service.example") as client,
        pytest.raises(TransportError, match="UnicodeError") as caught,
    ):
        client.perform(client.api.probe())
    assert not caught.value.may_have_arrived
