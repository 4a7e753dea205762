"""A pause before the submit that no triggerer ended, where nothing remembers: nothing was paid for, so a retry is free."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_omnihuman.api.errors import WaitTimeoutError
from tests.task_context import task_context

TIMED_OUT = {"error": "Trigger timeout"}


@pytest.mark.parametrize("make", ["video", "submit"])
@pytest.mark.parametrize("map_index", [-1, 4])
def test_without_a_ledger_it_may_be_retried(make, map_index, request, emulator):
    emulator.fault(kind="code", code="50430", action="CVSubmitTask")
    operator = request.getfixturevalue(make)()
    context = task_context(map_index=map_index)
    with pytest.raises(TaskDeferred) as caught:
        operator.execute(context)
    assert caught.value.method_name == "resume_submit"
    resumed = request.getfixturevalue(make)()
    with pytest.raises(WaitTimeoutError, match="nothing was submitted"):
        resumed.resume_execution("__fail__", TIMED_OUT, context)
    assert emulator.accepted() == 0
