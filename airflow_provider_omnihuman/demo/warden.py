"""A small process that outlives the launcher and ends whatever of its run is left, even after a SIGKILL.

It waits on a pipe that only the launcher holds open: however the launcher dies, the pipe closes.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

from airflow_provider_omnihuman.demo import marks


class Warden:
    """The launcher's side: started before any service, dismissed after the last one.

    :param run_id: the mark of the processes to end.
    """

    def __init__(self, run_id: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name, run_id],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal must not reach it
        )

    def dismiss(self, *, within_s: float = 15.0) -> None:
        """Let it sweep up, and wait until it has gone."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def main(run_id: str, launcher_is_alive: Any = sys.stdin.buffer) -> int:
    """Wait for the launcher's end, then kill what carries its mark."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    launcher_is_alive.read()
    return len(marks.kill_marked(run_id))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
