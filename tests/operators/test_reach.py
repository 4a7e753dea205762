"""An input that only this network can reach is told of, before the service fails to fetch it."""

from __future__ import annotations

import socket

import pytest

from airflow_provider_omnihuman.operators.reach import reach_warnings

LIVE = "https://visual.volcengineapi.com"


@pytest.fixture
def dns(monkeypatch):
    """What the name server answers: tests have none."""
    hosts = {}

    def getaddrinfo(host, port):
        if host not in hosts:
            raise socket.gaierror("no such host")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in hosts[host]]

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    return hosts


def test_a_host_with_private_addresses_only_is_told_with_field_host_and_address(dns):
    dns["s3.corp.example.com"] = ["10.1.2.3", "fd00::1"]
    (warning,) = reach_warnings({"audio_url": "https://s3.corp.example.com/a.wav?X-Amz-Signature=secret"}, endpoint=LIVE)
    assert "audio_url's host s3.corp.example.com has the address 10.1.2.3 here" in warning
    assert "50215 or 50220" in warning
    assert "secret" not in warning


@pytest.mark.parametrize(
    ("addresses", "endpoint"),
    [
        (["8.8.8.8"], LIVE),
        (["10.1.2.3", "8.8.8.8"], LIVE),
        ([], LIVE),
        (["10.1.2.3"], "http://127.0.0.1:8700"),
    ],
    ids=["public", "both", "none", "an emulator"],
)
def test_a_host_that_may_be_reached_is_passed_over(dns, addresses, endpoint):
    dns["media.example.com"] = addresses
    assert reach_warnings({"image_url": "https://media.example.com/p.png"}, endpoint=endpoint) == []


def test_a_host_that_this_worker_cannot_look_up_is_passed_over(dns):
    assert reach_warnings({"image_url": "https://elsewhere.example/p.png"}, endpoint=LIVE) == []
