"""Links that show while a task still runs: by itself, Airflow stores them only when its process ends."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

__all__ = ["show_links"]

log = logging.getLogger(__name__)


def show_links(operator: BaseOperator, context: Context) -> None:
    """Store the links that a task has so far: for one that blocks its worker for long. Never fails.

    Airflow stores them again at the end, over these.

    :param operator: with all that its links need
    :param context: the task's
    """
    try:
        if _has_own_backend():
            return  # it would put them elsewhere than where the UI looks
        ti = context["ti"]
        for link in operator.operator_extra_links:
            if url := link.get_link(operator, ti_key=ti):  # type: ignore[arg-type]  # as Airflow's own task runner does
                ti.xcom_push(key=link.xcom_key, value=url)
    except Exception as error:  # noqa: BLE001 - whatever the database has against it: a button is not worth a paid job
        log.info("The extra links show when this process ends: %s", type(error).__name__)


def _has_own_backend() -> bool:
    from airflow.providers.common.compat.sdk import conf

    return not conf.get("core", "xcom_backend", fallback="").endswith(".BaseXCom")
