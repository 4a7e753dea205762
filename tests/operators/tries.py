"""One try of a task that goes as far as its deferral."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from tests.task_context import TaskState, task_context


def deferred(operator: Any, state: TaskState, **fields: Any) -> tuple[Any, dict[str, Any]]:
    """Execute; return the trigger that the task is left to, and the context of the try."""
    context = task_context(state=state, **fields)
    with pytest.raises(TaskDeferred) as caught:
        operator.execute(context)
    return caught.value.trigger, context
