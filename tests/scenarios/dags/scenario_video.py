"""
### One video, rendered and archived, by a task that can be told to die

The operators are the provider's own. `dies` names the place where the first try's process is killed with SIGKILL.
"""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from functools import cached_property
from typing import Any

from airflow.sdk import DAG, Param

from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator


class Death:
    """Kills this process at one place; a process killed so has no time to say anything."""

    def __init__(self, place: str) -> None:
        self.place = place

    def reached(self, place: str) -> None:
        if place == self.place:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingHook(OmniHumanHook):
    """The hook, for a process that may die between the reply and its use."""

    death: Death

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        submission = super().submit(*args, **kwargs)
        self.death.reached("after the reply")
        return submission


class DyingLedger:
    """The ledger, for a process that may die before and after it writes."""

    def __init__(self, ledger: Any, death: Death) -> None:
        self._ledger = ledger
        self._death = death

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def write(self, record: Any) -> None:
        self._death.reached(f"before the {record.phase}")
        self._ledger.write(record)
        self._death.reached(f"after the {record.phase}")


class ScenarioVideoOperator(OmniHumanVideoOperator):
    """The operator under test; a run's parameters say how it waits, and where it dies."""

    death = Death("")

    def execute(self, context: Any) -> Any:
        params = context["params"]
        self.deferrable = params["deferrable"]
        self.death = Death(params["dies"] if context["ti"].try_number == 1 else "")
        return super().execute(context)

    @cached_property
    def hook(self) -> OmniHumanHook:
        hook = DyingHook(self.omnihuman_conn_id)
        hook.death = self.death
        return hook

    def ledger(self, context: Any) -> Any:
        return DyingLedger(super().ledger(context), self.death)

    def defer(self, **kwargs: Any) -> Any:
        self.death.reached("before deferring")
        super().defer(**kwargs)


def scenario(dag_id: str, **policies: Any) -> DAG:
    """Return a Dag of one video; its runs' parameters say what shall go wrong."""
    with DAG(
        dag_id=dag_id,
        schedule=None,
        catchup=False,
        max_active_runs=40,
        default_args={"retries": 2, "retry_delay": timedelta(seconds=1)},
        params={
            "mark": Param("", type="string"),
            "seed": Param(-1, type="integer"),
            "dies": Param("", type="string"),
            "deferrable": Param(True, type="boolean"),
            "omnihuman_conn_id": Param("omnihuman_default", type="string"),
            "aws_conn_id": Param("aws_default", type="string"),
            "audio": Param("s3://omnihuman-demo/scenarios/inputs/speech.wav", type="string"),
        },
    ) as dag:
        render = ScenarioVideoOperator(
            task_id="render",
            image_url="s3://omnihuman-demo/scenarios/inputs/portrait.png",
            audio_url="{{ params.audio }}",
            prompt="{{ params.mark }}",
            seed="{{ params.seed }}",
            output_resolution=720,
            pe_fast_mode=True,
            omnihuman_conn_id="{{ params.omnihuman_conn_id }}",
            poll_interval=2,
            **policies,
        )
        OmniHumanToS3Operator(
            task_id="archive",
            omnihuman_task_id=render.output["task_id"],
            request=render.output["request"],
            s3_key="scenarios/{{ params.mark }}/",
            aws_conn_id="{{ params.aws_conn_id }}",
        )
    return dag


scenario("scenario_video")
scenario("scenario_video_resubmit", on_orphaned_intent="resubmit", on_lost_task="resubmit")
