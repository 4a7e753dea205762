"""What a question of Airflow's says, once it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from airflow.providers.standard.operators.hitl import HITLOperator

__all__ = ["asked_body"]


def asked_body(operator: HITLOperator, ti_id: UUID) -> str | None:
    """Put the operator's question, and return the body of the one that people are shown.

    Airflow has one question for each task of a run, and keeps its words: whoever asks again, after a retry or a clear, asks what
    was asked at first (``upsert_hitl_detail`` of its execution API, 3.1 to 3.3). Its reply says what that is; Airflow's own
    function for it does not hand it on.

    :param operator: with the question that it would ask
    :param ti_id: of the task's present try
    """
    from airflow.sdk.execution_time.comms import CreateHITLDetailPayload
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    question = {
        "ti_id": ti_id,
        "options": operator.options,
        "subject": operator.subject,
        "body": operator.body,
        "defaults": operator.defaults,
        "multiple": operator.multiple,
        "params": operator.serialized_params,
        "assigned_users": operator.assigned_users or [],
    }
    asked: Any = SUPERVISOR_COMMS.send(CreateHITLDetailPayload.model_validate(question))
    body: str | None = asked.body
    return body
