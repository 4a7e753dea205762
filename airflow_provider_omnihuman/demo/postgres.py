"""A PostgreSQL cluster that lives as long as one run: Airflow's database where SQLite is not what is to be shown."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.demo.failures import DemoError
from airflow_provider_omnihuman.demo.processes import Service

if TYPE_CHECKING:
    from collections.abc import Mapping

USER = "airflow"
DATABASE = "postgres"  # the one that every cluster is born with
# What a cluster that nobody will miss can do without, and more sessions than Airflow's processes can open.
SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
# PostgreSQL refuses to run as root; the first of these that the machine has is taken instead.
STAND_INS = ("postgres", "nobody")


def missing_programs() -> list[str]:
    """Return which of PostgreSQL's programs are not on the PATH."""
    return [name for name in ("initdb", "postgres") if shutil.which(name) is None]


class Postgres:
    """A cluster on 127.0.0.1 and how to reach it.

    :param environment: its environment.
    :param port: where it listens.
    :param logs: the folder for its log.
    :param run_id: the run's mark.
    """

    def __init__(self, environment: Mapping[str, str], *, port: int, logs: Path, run_id: str) -> None:
        if missing := missing_programs():
            raise DemoError(f"PostgreSQL's {' and '.join(missing)} must be on the PATH")
        # Not below the working folder, into which the user that it runs as cannot look.
        self._folder = Path(tempfile.mkdtemp(prefix="omnihuman-postgres-"))
        self._environment = dict(environment)
        self._port = port
        options = SETTINGS | {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}
        arguments = [part for name, setting in options.items() for part in ("-c", f"{name}={setting}")]
        self.service = Service(
            "postgres",
            (*self._as_its_user(), "postgres", "-D", str(self._folder), *arguments),
            environment=self._environment,
            log_path=logs / "postgres.log",
            run_id=run_id,
        )

    @property
    def url(self) -> str:
        """The database, in SQLAlchemy's form."""
        return f"postgresql+psycopg2://{USER}@127.0.0.1:{self._port}/{DATABASE}"

    def create(self) -> None:
        """Make the cluster's files."""
        if (user := _stand_in()) is not None:
            os.chown(self._folder, user.pw_uid, user.pw_gid)
        command = (*self._as_its_user(), "initdb", "-D", str(self._folder), "-U", USER, "--auth=trust", "--encoding=UTF8", "-N")
        made = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if made.returncode:
            raise DemoError("initdb failed", log_title="initdb", log_tail=made.stderr)

    def is_ready(self) -> bool:
        """Whether it takes sessions."""
        # The same file that pg_ctl waits for: the process id first, the state in the eighth line.
        notes = self._folder / "postmaster.pid"
        lines = notes.read_text().splitlines() if notes.exists() else []
        return lines[:1] == [str(self.service.pid)] and [line.strip() for line in lines[7:8]] == ["ready"]

    def remove(self) -> None:
        """Remove its files."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _as_its_user(self) -> tuple[str, ...]:
        here = ("env", "-C", str(self._folder))  # it must be able to enter the folder that it is started in
        if (user := _stand_in()) is None:
            return here
        return ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *here)


def _stand_in() -> pwd.struct_passwd | None:
    if os.getuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    for name in STAND_INS:
        if name in known:
            return known[name]
    raise DemoError(f"PostgreSQL does not run as root, and none of the users {', '.join(STAND_INS)} exists")
