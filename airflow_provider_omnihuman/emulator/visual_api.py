"""The three actions of the visual API, behind the gateway's checks."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.emulator.catalogue import SERVICE, SITES, Action, Kind, Site
from airflow_provider_omnihuman.emulator.codes import INTERNAL, BusinessError, GatewayError
from airflow_provider_omnihuman.emulator.faults import FaultPhase
from airflow_provider_omnihuman.emulator.fetching import InputError
from airflow_provider_omnihuman.emulator.limits import RateLimit, check_concurrency
from airflow_provider_omnihuman.emulator.moderation import judge
from airflow_provider_omnihuman.emulator.signature import Account, ReceivedRequest, claimed_access_key, verify
from airflow_provider_omnihuman.emulator.tasks import RUNNING, Status, Task
from airflow_provider_omnihuman.emulator.validation import check_fields, check_query, check_req_key, read_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_omnihuman.emulator.clock import EmulatedClock
    from airflow_provider_omnihuman.emulator.downloads import Downloads
    from airflow_provider_omnihuman.emulator.faults import FaultRules
    from airflow_provider_omnihuman.emulator.store import Store
    from airflow_provider_omnihuman.emulator.studio import Studio
    from airflow_provider_omnihuman.emulator.temporary_keys import TemporaryKeys

# Facts: a detection takes about 4 s.
_DETECTION_S = 4.0
_LARGEST_SEED = 2**31 - 1
# Vendor ids are 19 digits that begin with a 7; they fit into 63 bits, and not into a double.
_ID_BASE = 7 * 10**18
_ID_RANGE = 10**18


@dataclass(slots=True)
class VisualApi:
    """Answers signed requests.

    :param account: whose keys are accepted.
    :param temporary_keys: knows those that STS issued, which are accepted too.
    :param base_url: the emulator's own address, for download URLs.
    :param site_names: the sites that this server plays.
    """

    account: Account
    temporary_keys: TemporaryKeys
    store: Store
    clock: EmulatedClock
    studio: Studio
    downloads: Downloads
    faults: FaultRules
    rate: RateLimit
    concurrency: int
    base_url: Callable[[], str]
    site_names: tuple[str, ...] = tuple(SITES)
    sites: dict[str, Site] = field(init=False)

    def __post_init__(self) -> None:
        self.sites = {SITES[name].region: SITES[name] for name in self.site_names}

    async def answer(self, request: ReceivedRequest, action: str, version: str) -> dict[str, Any]:
        """Return the reply's ``data``, or raise a :class:`BusinessError` or :class:`GatewayError`."""
        site, checked = self._check(request, action, version)
        self.rate.take()
        body = read_body(request.body)
        kind = check_req_key(body, site, checked)
        match checked:
            case Action.SUBMIT:
                return self._submit(body, kind, site)
            case Action.QUERY:
                return await self._query(body, kind, site)
            case Action.PROCESS:
                return await self._detect(body)

    def status(self, task: Task) -> Status:
        """Return a task's status at this moment."""
        return task.status(now_s=self.clock.now(), work_now_s=self.clock.work_now())

    def running(self, kind: Kind) -> int:
        """Return how many jobs of a kind are running."""
        return sum(task.kind is kind and self.status(task) in RUNNING for task in self.store.tasks)

    def _check(self, request: ReceivedRequest, action: str, version: str) -> tuple[Site, Action]:
        for name, value in (("Action", action), ("Version", version)):
            if not value:
                raise GatewayError("MissingParameter", name)
        account = self._temporary_account(request) or self.account
        credential = verify(request, account, now_s=time.time(), service=SERVICE, regions=self.sites)
        site = self.sites[credential.region]
        if action not in set(Action) or version != site.version or request.method != "POST":
            raise GatewayError("InvalidActionOrVersion", f"{action} for version {version}")
        return site, Action(action)

    def _temporary_account(self, request: ReceivedRequest) -> Account | None:
        token = request.headers.get("x-security-token", "")
        return self.temporary_keys.account(claimed_access_key(request), token)

    def _submit(self, body: dict[str, Any], kind: Kind, site: Site) -> dict[str, Any]:
        check_fields(body, kind)
        verdict = judge(body)
        if verdict.at_submit is not None:
            raise BusinessError(verdict.at_submit, "moderation of the text")
        check_concurrency(self.running(kind), self.concurrency)
        asked = body.get("seed", -1)
        task = Task(
            task_id=str(_ID_BASE + secrets.randbelow(_ID_RANGE)),
            kind=kind,
            site=site.name,
            body=body,
            seed=asked if asked >= 0 else secrets.randbelow(_LARGEST_SEED),
            submitted_s=self.clock.now(),
            submitted_work_s=self.clock.work_now(),
            failure=verdict.at_inputs,
            late_failure=verdict.at_end,
        )
        self.store.save(task)
        self.studio.begin(task)
        return {"task_id": task.task_id}

    async def _query(self, body: dict[str, Any], kind: Kind, site: Site) -> dict[str, Any]:
        task_id, label = check_query(body)
        task = self.store.task(task_id)
        if task is None or task.site != site.name or task.kind is not kind:
            return self._data(Status.NOT_FOUND, site)
        status = self.status(task)
        if status is Status.FAILED:
            raise BusinessError(task.error_code() or INTERNAL, task.failure_detail)
        if status is not Status.DONE:
            return self._data(status, site)
        if kind is Kind.RECOGNISE:
            return self._data(status, site) | {"resp_data": json.dumps({"status": int(task.has_subject)})}
        name = f"{task_id}.mp4" if label is None else await self.studio.label(task, label)
        # Seen on the live service: done, and no URL for a few seconds.
        is_late = bool(self.faults.take(Action.QUERY, FaultPhase.RESULT))
        url = "" if is_late else self.downloads.url(self.base_url(), "videos", name)
        return self._data(status, site, url) | {"aigc_meta_tagged": label is not None}

    def _data(self, status: Status, site: Site, video_url: str = "") -> dict[str, Any]:
        data: dict[str, Any] = {"aigc_meta_tagged": False, "status": status.value}
        if site.video_in_resp_data:
            return data | {"resp_data": json.dumps({"video_url": video_url}) if video_url else ""}
        return data | {"video_url": video_url}

    async def _detect(self, body: dict[str, Any]) -> dict[str, Any]:
        check_fields(body, Kind.DETECT)
        verdict = judge(body)
        if (code := verdict.at_submit or verdict.at_inputs or verdict.at_end) is not None:
            raise BusinessError(code, "moderation")
        finished_s = self.clock.work_now() + _DETECTION_S
        try:
            names = await self.studio.detect(body["image_url"])
        except InputError as error:
            raise BusinessError(error.code, error.detail) from error
        while (missing_s := finished_s - self.clock.work_now()) > 0:  # noqa: ASYNC110 -- the clock may be moved
            await asyncio.sleep(min(0.05, missing_s / max(self.clock.speed, 1e-3)))
        urls = [self.downloads.url(self.base_url(), "masks", name) for name in names]
        result = {"code": 0, "status": int(bool(urls)), "object_detection_result": {"mask": {"url": urls}}}
        return {"resp_data": json.dumps(result)}
