"""A client that nobody holds any more is gone at once, and its sockets with it."""

from __future__ import annotations

import gc
import weakref

import pytest

from airflow_provider_omnihuman.api import Credentials, OmniHumanClient


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_client_is_in_no_circle_of_references(no_collector):
    client = OmniHumanClient(Credentials("AK", "SK"), on_exchange=print)
    gone = weakref.ref(client)
    del client
    assert gone() is None
