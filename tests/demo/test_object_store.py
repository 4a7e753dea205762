"""The demo's own client of its store."""

from __future__ import annotations

import httpx

from airflow_provider_omnihuman.demo.object_store import BUCKET


def test_the_callers_aws_settings_and_proxy_are_not_used(store, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/no/such/file")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    buckets = store.client().list_buckets()["Buckets"]

    assert [bucket["Name"] for bucket in buckets] == [BUCKET]
    assert store.is_ready()


def test_a_presigned_url_works_and_its_signature_is_in_no_log(store):
    client = store.client()
    client.put_object(Bucket=BUCKET, Key="portrait.png", Body=b"pixels")
    url = client.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "portrait.png"})

    reply = httpx.get(url, trust_env=False)

    assert "X-Amz-Signature=" in url
    assert reply.content == b"pixels"
    assert "Signature" not in store.service.log()
