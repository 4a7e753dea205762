"""The three counts that every scenario ends with, and the table of them all."""

from __future__ import annotations

import hashlib
import io
import json
import re
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.demo.object_store import BUCKET
from airflow_provider_omnihuman.media.probe import probe_video

if TYPE_CHECKING:
    from running_airflow import RealAirflow

    from airflow_provider_omnihuman.demo.dag_run import DagRun

EQUAL = "equal"
AT_MOST_ONE_MORE = "≤ 1 duplicate (policy)"
NOT_EQUAL = "NOT EQUAL"
UNFINISHED = "FAILED"


@dataclass(slots=True)
class Row:
    """One scenario in the table.

    :param title: what was broken.
    :param database: Airflow's.
    :param wanted: videos that were asked for.
    :param accepted: jobs that the service took on, and would charge for.
    :param archived: videos in the store that equal their manifests.
    """

    title: str
    database: str
    wanted: int | None = None
    accepted: int | None = None
    archived: int | None = None
    verdict: str = UNFINISHED
    seconds: float = 0.0
    begun: float = field(default_factory=time.monotonic, repr=False)

    def finish(self, wanted: int, accepted: int, archived: int, *, duplicates: int) -> None:
        """Compare the counts."""
        self.wanted, self.accepted, self.archived = wanted, accepted, archived
        self.seconds = time.monotonic() - self.begun
        if wanted == accepted == archived and not duplicates:
            self.verdict = EQUAL
        elif wanted == archived and wanted <= accepted <= wanted + duplicates:
            self.verdict = AT_MOST_ONE_MORE
        else:
            self.verdict = NOT_EQUAL
        assert self.verdict != NOT_EQUAL, f"{self.title}: {wanted} wanted, {accepted} accepted, {archived} archived"


class Table:
    """The rows of a session."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def row(self, title: str, *, database: str) -> Row:
        """Begin a row: a scenario that does not come to its end shows as failed."""
        self.rows.append(Row(title, database))
        return self.rows[-1]

    def text(self) -> str:
        """The table, for a terminal of any width."""
        from rich.console import Console
        from rich.table import Table as RichTable

        table = RichTable(title="Jobs wanted, accepted by the service, archived and verified")
        table.add_column("scenario")
        table.add_column("database")
        for name in ("wanted", "accepted", "archived"):
            table.add_column(name, justify="right")
        table.add_column("verdict")
        table.add_column("seconds", justify="right")
        for row in self.rows:
            counts = ["–" if count is None else str(count) for count in (row.wanted, row.accepted, row.archived)]
            table.add_row(row.title, row.database, *counts, row.verdict, f"{row.seconds:.0f}" if row.seconds else "–")
        out = io.StringIO()
        Console(file=out, width=145, color_system=None).print(table)
        return out.getvalue()


class Scenario:
    """One way of breaking things. Its jobs are known by a mark: their prompt at the service, their folder in the store.

    :param airflow: the Airflow to break.
    :param row: its row of the table.
    """

    def __init__(self, airflow: RealAirflow, row: Row) -> None:
        self.airflow = airflow
        self.row = row
        self.mark = f"{re.sub(r'[^a-z0-9]+', '-', row.title.lower()).strip('-')[:40]}-{uuid.uuid4().hex[:8]}"

    def start(self, dag_id: str = "scenario_video", **params: Any) -> DagRun:
        """Start a run that renders and archives this scenario's video."""
        return self.airflow.trigger(dag_id, {"mark": self.mark, **params})

    def jobs(self) -> list[dict[str, Any]]:
        """The jobs that the service accepted for it, the oldest first."""
        return [job for job in self.airflow.emulator_state()["jobs"] if job["body"].get("prompt", "").startswith(self.mark)]

    def archived(self) -> list[dict[str, Any]]:
        """The manifests of its videos; each video was read, and is what its manifest says."""
        s3 = self.airflow.s3()
        listing = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"scenarios/{self.mark}/").get("Contents", [])
        keys = {item["Key"] for item in listing}
        manifests = [json.loads(_read(s3, key)) for key in sorted(keys) if key.endswith(".json")]
        videos = {_verified(s3, manifest) for manifest in manifests}
        assert videos == {key for key in keys if key.endswith(".mp4")}, "a video has no manifest"
        return manifests

    def finish(self, *, wanted: int, duplicates: int = 0) -> None:
        """End the scenario: what was wanted, what was paid for and what is archived must be as many.

        :param duplicates: how many more the policy that was chosen may pay for.
        """
        self.row.finish(wanted, len(self.jobs()), len(self.archived()), duplicates=duplicates)


def _verified(s3: Any, manifest: dict[str, Any]) -> str:
    facts = manifest["video"]
    key = facts["uri"].removeprefix(f"s3://{BUCKET}/")
    video = _read(s3, key)
    assert hashlib.sha256(video).hexdigest() == facts["sha256"], f"{key} is not what its manifest says"
    assert len(video) == facts["bytes"]
    assert abs(probe_video(video).duration_s - facts["duration_s"]) < 0.1
    return str(key)


def _read(s3: Any, key: str) -> bytes:
    body: bytes = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return body


def open_uploads(s3: Any) -> list[str]:
    """The keys of multipart uploads that were neither completed nor aborted."""
    return [upload["Key"] for upload in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])]
