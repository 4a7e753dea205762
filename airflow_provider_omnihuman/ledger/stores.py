"""Where the ledger is kept: Airflow's own task state, an object store, or nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from airflow_provider_omnihuman.api.error_codes import Retry
from airflow_provider_omnihuman.api.urls import scrub, shown
from airflow_provider_omnihuman.ledger.errors import LedgerError
from airflow_provider_omnihuman.ledger.record import LedgerRecord

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

__all__ = ["STATE_KEY", "Ledger", "NoLedger", "ObjectStorageLedger", "TaskStateLedger", "insist", "ledger_for"]

STATE_KEY = "omnihuman_submission"
_ATTEMPTS = 3
_WITH_RENAME = {"file", "local", "sftp"}
"""Where a file takes another's place in one step."""
_WITH_FOLDERS = {*_WITH_RENAME, "smb", "hdfs"}
"""Elsewhere, making a folder makes a bucket: a mistyped name must be told instead."""


class Ledger(Protocol):
    """One task instance's record: it survives retries, deferral and a clear of the task."""

    @property
    def where(self) -> str:
        """The place, for messages: a person may have to look there."""

    @property
    def remembers(self) -> bool:
        """Whether what is written can be read at the next try."""

    def read(self) -> LedgerRecord | None:
        """Return the record, None where there is none.

        :raises LedgerError: that cannot be told
        """

    def write(self, record: LedgerRecord) -> None:
        """Write the record in place of what is there.

        :raises LedgerError: it is not certain that it was written
        """

    def clear(self) -> None:
        """Delete the record: no job is known any more.

        :raises LedgerError: it is not certain that it is gone
        """


class TaskStateLedger:
    """In Airflow's task state store (3.3 and later).

    :param store: ``context["task_state_store"]``
    """

    remembers = True
    where = f"this task's state (Airflow's REST API: taskInstances/…/state-store/{STATE_KEY})"

    def __init__(self, store: Any) -> None:
        self._store = store

    def read(self) -> LedgerRecord | None:
        """Return the record; see :class:`Ledger`."""
        with _told("read", self.where):
            value = self._store.get(STATE_KEY)
        return None if value is None else LedgerRecord.from_json(value, where=self.where)

    def write(self, record: LedgerRecord) -> None:
        """Write the record; see :class:`Ledger`."""
        with _told("written", self.where):
            self._store.set(STATE_KEY, record.to_dict())

    def clear(self) -> None:
        """Delete the record; see :class:`Ledger`."""
        with _told("cleared", self.where):
            self._store.delete(STATE_KEY)


class ObjectStorageLedger:
    """In a folder of an object store or file system that all workers share, one small object for each task instance.

    :param folder: URL as ``ObjectStoragePath`` takes it, such as ``s3://aws_default@bucket/ledger/``
    :param context: the task's
    :raises LedgerError: on first use, where the URL cannot be used
    """

    remembers = True

    def __init__(self, folder: str, context: Mapping[str, Any]) -> None:
        ti = context["ti"]
        index = [] if ti.map_index is None or ti.map_index < 0 else [str(ti.map_index)]
        # Quoted, so that no two task instances share an object: run ids hold ':' and '+', ids of groups dots.
        self._parts = [quote(part, safe="") for part in (ti.dag_id, ti.run_id, ti.task_id, *index)]
        self._folder = folder

    @property
    def where(self) -> str:
        """The object's URL."""
        return scrub("/".join([self._folder.rstrip("/"), *self._parts])) + ".json"

    def read(self) -> LedgerRecord | None:
        """Return the record; see :class:`Ledger`."""
        with _told("read", self.where):
            try:
                body = self._path.read_bytes()
            except FileNotFoundError:
                self._check_folder()
                return None
        return LedgerRecord.from_json(body, where=self.where)

    def write(self, record: LedgerRecord) -> None:
        """Write the record; see :class:`Ledger`."""
        with _told("written", self.where):
            body = json.dumps(record.to_dict(), ensure_ascii=False).encode()
            if self._path.protocol not in _WITH_FOLDERS:
                self._path.write_bytes(body)
                return
            self._check_folder()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.protocol not in _WITH_RENAME:
                self._path.write_bytes(body)
                return
            # Beside, then in its place: a full disk, or a death in the midst of it, leaves what was there.
            beside = self._path.with_suffix(".new")
            beside.write_bytes(body)
            self._path.fs.mv(beside.path, self._path.path)

    def clear(self) -> None:
        """Delete the record; see :class:`Ledger`."""
        with _told("cleared", self.where):
            self._path.unlink(missing_ok=True)

    def _check_folder(self) -> None:
        """Tell a folder that is not there, such as a share that is not mounted, from one that holds no record."""
        from airflow.sdk import ObjectStoragePath

        if self._path.protocol in _WITH_FOLDERS and not ObjectStoragePath(self._folder).is_dir():
            raise LedgerError(
                f"the folder of the submission ledger is not there: {shown(self._folder)}",
                advice="make it, on storage that all workers share; nothing was submitted",
            )

    @cached_property
    def _path(self) -> ObjectStoragePath:
        from airflow.sdk import ObjectStoragePath

        if "://" not in self._folder:
            raise LedgerError(f"ledger_path must be a URL such as s3://aws_default@bucket/ledger/, not {shown(self._folder)}")
        path = ObjectStoragePath(self._folder)
        *folders, name = self._parts
        return path.joinpath(*folders, f"{name}.json")


class NoLedger:
    """Nowhere: what a try knows dies with it."""

    remembers = False
    where = "no ledger"

    def read(self) -> LedgerRecord | None:
        """Return None: nothing is remembered."""
        return None

    def write(self, record: LedgerRecord) -> None:
        """Forget the record."""

    def clear(self) -> None:
        """Nothing to do."""


def ledger_for(context: Mapping[str, Any], *, ledger_path: str | None) -> Ledger:
    """Return the ledger of a task instance.

    :param context: the task's
    :param ledger_path: the user's folder; None for Airflow's task state where it has one (3.3 and later)
    """
    if ledger_path and ledger_path.strip().lower() not in {"none", "null"}:
        return ObjectStorageLedger(ledger_path, context)
    store = context.get("task_state_store")
    if store is None and ledger_path is not None:
        raise LedgerError(
            f"ledger_path rendered to {ledger_path!r}, and this Airflow has no task state to take its place",
            advice="mend the template, or leave ledger_path out to submit without a ledger; nothing was submitted",
        )
    return NoLedger() if store is None else TaskStateLedger(store)


def insist(act: Callable[[], None], *, log: Any, sleep: Callable[[float], None]) -> LedgerError | None:
    """Change the ledger, more than once if need be; return what it has against it, so that this hides no other error.

    :param act: changes it
    :param log: the task's
    :param sleep: takes seconds
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            act()
        except LedgerError as error:
            if attempt == _ATTEMPTS:
                log.warning("%s", error)
                return error
            sleep(attempt)
        else:
            break
    return None


_PERMANENT = (PermissionError, ImportError, ValueError, NotADirectoryError, IsADirectoryError)


@contextmanager
def _told(what: str, where: str) -> Iterator[None]:
    """Map the store's exceptions: whatever they are, nothing may be submitted on a ledger that does not answer."""
    try:
        yield
    except LedgerError:
        raise
    except Exception as error:
        permanent = isinstance(error, _PERMANENT)
        needs = (
            "; an s3:// ledger needs airflow-provider-omnihuman[ledger-s3], and a connection that may read, write and delete"
            if permanent
            else ""
        )
        raise LedgerError(
            f"the submission ledger ({where}) cannot be {what}: {type(error).__name__}: {scrub(str(error))[:200]}",
            retry=Retry.NEVER if permanent else Retry.ASK_AGAIN,
            advice=f"without it nobody can tell whether the video is already paid for, so nothing was submitted{needs}",
        ) from error
