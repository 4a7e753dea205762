"""What was learned of a connection's renders, kept across restarts in a small file under ``AIRFLOW_HOME``.

Losing it costs a few polls, so nothing here ever fails: what cannot be read was not learned, what cannot be written is learned
again.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from airflow_provider_omnihuman.api.render_times import RenderTimes

__all__ = ["RenderTimesFile", "learning"]

log = logging.getLogger(__name__)

_LONGEST_NAME = 150
_LARGEST_BYTES = 1_000_000


class RenderTimesFile:
    """The file of one connection.

    :param conn_id: its id
    :param home: of Airflow; this process's by default
    """

    def __init__(self, conn_id: str, *, home: Path | None = None) -> None:
        folder = (home or _airflow_home()) / "omnihuman" / "render-times"
        self._path = folder / f"{quote(conn_id, safe='')[:_LONGEST_NAME]}.json"

    def load(self) -> RenderTimes:
        """Return what was learned before; nothing where there is no such file."""
        try:
            with self._path.open(encoding="utf-8") as file:
                return RenderTimes.from_dict(json.loads(file.read(_LARGEST_BYTES)))
        except FileNotFoundError:
            pass
        except (OSError, ValueError, RecursionError) as error:
            log.info("What was learned of earlier renders cannot be read, it is learned anew: %s", error)
        return RenderTimes()

    def save(self, learned: dict[str, Any]) -> None:
        """Write it down, whole or not at all.

        :param learned: of :meth:`RenderTimes.to_dict`
        """
        unfinished = self._path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(json.dumps(learned), encoding="utf-8")
            unfinished.replace(self._path)
        except OSError as error:
            log.info("What was learned of these renders cannot be kept: %s", error)


def _airflow_home() -> Path:
    from airflow.configuration import get_airflow_home

    return Path(get_airflow_home())


@contextmanager
def learning(conn_id: str) -> Iterator[RenderTimes]:
    """Yield what was learned of a connection; keep what is learned meanwhile. For a process that waits for one job.

    :param conn_id: the connection
    """
    file = RenderTimesFile(conn_id)
    times = file.load()
    before = times.to_dict()["kinds"]
    try:
        yield times
    finally:
        learned = {kind: jobs for kind, jobs in times.to_dict()["kinds"].items() if jobs and jobs != before.get(kind)}
        if learned:
            latest = file.load()  # others may have learned meanwhile
            for kind, jobs in learned.items():
                audio_s, running_s, took_s = jobs[-1]
                latest.record(kind, audio_s=audio_s, running_s=running_s, took_s=took_s)
            file.save(latest.to_dict())
