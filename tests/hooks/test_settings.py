"""A bad connection gets an error that names the connection and the field, and shows no secret."""

from __future__ import annotations

import json

import pytest
from airflow.sdk import Connection

from airflow_provider_omnihuman.api.errors import InvalidConnectionError
from airflow_provider_omnihuman.api.sites import INTERNATIONAL, MAINLAND
from airflow_provider_omnihuman.hooks.settings import ConnectionSettings


def read(extra=None, raw_extra=None, **fields):
    raw = json.dumps(extra) if extra is not None else raw_extra
    connection = Connection(conn_id="c", conn_type="omnihuman", **{"login": "AK", "password": "s3cr3t"} | fields, extra=raw)
    return ConnectionSettings.read(connection, connection.extra_dejson)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"login": None}, r"login .Access Key ID. is missing"),
        ({"login": ""}, r"login .Access Key ID. is missing"),
        ({"password": None}, r"password .Secret Access Key. is missing"),
        ({"password": "s3cr3t\n"}, r"password .Secret Access Key. holds a space, a line break"),
        ({"login": "AK LT"}, r"login .Access Key ID. holds a space"),
        ({"login": "密钥"}, "non-ASCII"),
        ({"extra": {"session_token": "s3cr3t "}}, "extra session_token holds a space"),
        ({"extra": {"session_token": 7}}, "extra session_token is missing"),
        ({"extra": {"site": "moon"}}, "site must be one of mainland, international, not 'moon'"),
        ({"extra": {"site": ["mainland"]}}, "site must be one of"),
        ({"extra": {"region": 7}}, "extra region"),
        ({"extra": {"endpoint": "visual.volcengineapi.com"}}, "extra endpoint must be a base URL"),
        ({"extra": {"endpoint": "ftp://h"}}, "extra endpoint must be a base URL"),
        ({"extra": {"endpoint": "https://h/path"}}, "extra endpoint must be a base URL"),
        ({"extra": {"endpoint": "https://h:99999"}}, "extra endpoint must be a base URL"),
        ({"extra": {"endpoint": "https://a..b"}}, "extra endpoint must be a base URL"),
        ({"extra": {"endpoint": "https://☃.example"}}, "extra endpoint must be a base URL"),
        ({"extra": {"endpoint": "https://user:s3cr3t@h"}}, "extra endpoint must be a base URL"),
        ({"extra": {"endpoint": "https://:s3cr3t@h"}}, "extra endpoint must be a base URL"),
        ({"extra": {"endpoint": "https://h?token=s3cr3t"}}, "extra endpoint must be a base URL"),
        ({"extra": {"endpoint": "https://h:0"}}, "extra endpoint must be a base URL"),
        ({"extra": {"read_timeout_s": 10**400}}, "extra read_timeout_s must be a positive"),
        ({"extra": {"endpoint": 7}}, "extra endpoint must be a URL, not int"),
        ({"extra": {"read_timeout_s": "soon"}}, "extra read_timeout_s must be a positive number of seconds, not 'soon'"),
        ({"extra": {"read_timeout_s": 0}}, "extra read_timeout_s must be a positive"),
        ({"extra": {"connect_timeout_s": -1}}, "extra connect_timeout_s must be a positive"),
        ({"extra": {"connect_timeout_s": True}}, "extra connect_timeout_s must be a positive"),
        ({"raw_extra": "region: cn-north-1"}, "extra is not a JSON object"),
        ({"extra": ["a"]}, "extra is not a JSON object"),
    ],
)
def test_the_field_is_named(fields, message):
    with pytest.raises(InvalidConnectionError, match=f"connection 'c': .*{message}") as caught:
        read(**fields)
    assert "s3cr3t" not in str(caught.value)


def test_the_sites_own_values_are_the_defaults():
    settings = read()
    assert (settings.site, settings.region, settings.endpoint) == (MAINLAND, "cn-north-1", "")
    assert (settings.connect_timeout_s, settings.read_timeout_s) == (10, 30)
    settings = read(extra={"site": "international"})
    assert (settings.site, settings.region) == (INTERNATIONAL, "ap-singapore-1")


def test_extras_are_read():
    settings = read(extra={"region": "cn-x", "session_token": "T", "endpoint": "http://h:1/", "read_timeout_s": "5"})
    assert (settings.region, settings.endpoint, settings.read_timeout_s) == ("cn-x", "http://h:1", 5)
    assert settings.credentials.session_token == "T"


@pytest.mark.parametrize(
    ("fields", "endpoint"),
    [
        ({"host": "cv.example"}, "https://cv.example"),
        ({"host": "cv.example", "schema": "http", "port": 8080}, "http://cv.example:8080"),
        ({"host": "http://127.0.0.1:9"}, "http://127.0.0.1:9"),
        ({"host": "cv.example", "extra": {"endpoint": "https://other"}}, "https://other"),
    ],
)
def test_the_host_field_is_an_endpoint_too_and_the_extra_wins(fields, endpoint):
    assert read(**fields).endpoint == endpoint


def test_empty_extras_of_the_form_mean_the_defaults():
    settings = read(extra={"region": "", "session_token": "", "endpoint": "", "read_timeout_s": "", "site": ""})
    assert settings == read()


def test_no_secret_is_in_the_repr():
    assert "s3cr3t" not in repr(read(extra={"session_token": "s3cr3t"}))


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"max_qps": 0}, "extra max_qps must be a positive number of requests a second, not 0"),
        ({"max_qps": "many"}, "extra max_qps"),
        ({"max_qps": True}, "extra max_qps"),
        ({"triggerer_count": 0}, "extra triggerer_count must be a positive whole number, not 0"),
        ({"triggerer_count": 1.5}, "extra triggerer_count must be a positive whole number, not 1.5"),
        ({"triggerer_count": "two"}, "extra triggerer_count"),
        ({"max_concurrency": 0}, "extra max_concurrency must be a positive whole number, not 0"),
        ({"max_concurrency": 2.5}, "extra max_concurrency must be a positive whole number, not 2.5"),
        ({"price_per_second": 0}, "extra price_per_second must be a positive number, not 0"),
        ({"price_per_second": "1,2"}, "extra price_per_second must be a positive number, not '1,2'"),
        ({"price_per_second": -1.2}, "extra price_per_second"),
        ({"currency": 7}, "extra currency must be a text of at most 16 characters, not 7"),
        ({"currency": "renminbi yuan, of the People's Republic"}, "extra currency"),
        ({"currency": "CNY\nUSD"}, "extra currency"),
        ({"currency": "  "}, "extra currency"),
    ],
)
def test_limits_that_make_no_sense_are_named(extra, message):
    with pytest.raises(InvalidConnectionError, match=message):
        read(extra=extra)


def test_limits_come_as_numbers_or_as_the_forms_text():
    assert (read(extra={}).max_qps, read(extra={}).triggerer_count) == (None, 1)
    settings = read(extra={"max_qps": "0.5", "triggerer_count": "2"})
    assert (settings.max_qps, settings.triggerer_count) == (0.5, 2)


def test_a_price_is_never_assumed():
    """The vendor's prices differ by account, and none is true for everybody."""
    settings = read(extra={})
    assert (settings.price_per_second, settings.currency, settings.max_concurrency) == (None, "CNY", None)
    assert read(extra={"price_per_second": "", "currency": "", "max_concurrency": ""}) == settings


def test_price_currency_and_concurrency_are_read():
    settings = read(extra={"price_per_second": "1.2", "currency": "USD", "max_concurrency": "3"})
    assert (settings.price_per_second, settings.currency, settings.max_concurrency) == (1.2, "USD", 3)
