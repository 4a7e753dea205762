"""The demo's own client of its store."""

from __future__ import annotations

from airflow_provider_omnihuman.demo.object_store import BUCKET


def test_the_callers_aws_settings_and_proxy_are_not_used(store, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/no/such/file")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    buckets = store.client().list_buckets()["Buckets"]

    assert [bucket["Name"] for bucket in buckets] == [BUCKET]
    assert store.is_ready()
