"""The pause survives serialisation and a restart, and fires once."""

from __future__ import annotations

import asyncio
import time

import pytest

from airflow_provider_omnihuman.triggers.pause import QuotaPauseTrigger


def fired(trigger):
    async def collect():
        return [event.payload async for event in trigger.run()]

    return asyncio.run(collect())


def test_it_survives_serialisation():
    path, arguments = QuotaPauseTrigger(resume_at=2.5, since=1.5).serialize()
    assert path == "airflow_provider_omnihuman.triggers.pause.QuotaPauseTrigger"
    assert QuotaPauseTrigger(**arguments).serialize() == (path, {"resume_at": 2.5, "since": 1.5})


def test_it_fires_when_the_time_has_come_and_carries_the_start():
    started = time.time()
    assert fired(QuotaPauseTrigger(resume_at=started + 0.3, since=5.0)) == [{"since": 5.0}]
    assert time.time() - started == pytest.approx(0.3, abs=0.25)


def test_after_a_restart_that_took_longer_it_fires_at_once():
    started = time.time()
    assert fired(QuotaPauseTrigger(resume_at=started - 100, since=5.0)) == [{"since": 5.0}]
    assert time.time() - started < 0.2
