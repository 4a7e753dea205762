"""Does the work of accepted tasks in the background: fetch, look, render; nothing of it blocks the server."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.emulator.catalogue import Kind
from airflow_provider_omnihuman.emulator.codes import INTERNAL, INVALID_INPUT
from airflow_provider_omnihuman.emulator.fetching import Fetcher, InputError
from airflow_provider_omnihuman.emulator.label import write_label
from airflow_provider_omnihuman.emulator.pictures import encode_mask, read_mask, read_portrait
from airflow_provider_omnihuman.emulator.render import RenderingStoppedError, Scene, render
from airflow_provider_omnihuman.emulator.sound import decode_sound
from airflow_provider_omnihuman.emulator.spoiling import Spoil
from airflow_provider_omnihuman.emulator.subjects import find_subjects
from airflow_provider_omnihuman.emulator.tasks import generation_work_s, recognition_work_s

if TYPE_CHECKING:
    from airflow_provider_omnihuman.emulator.store import Store
    from airflow_provider_omnihuman.emulator.tasks import Task

_log = logging.getLogger(__name__)
_DEFAULT_RESOLUTION = 1080


class Studio:
    """Turns tasks into results.

    :param folder: where inputs wait and videos lie.
    """

    def __init__(self, folder: Path, store: Store, fetcher: Fetcher) -> None:
        self._folder = folder
        self._store = store
        self._fetcher = fetcher
        self._stopping = threading.Event()
        self._jobs: set[asyncio.Task[None]] = set()
        # Films are long: they queue behind each other, and not before a look at a picture.
        self._films = ThreadPoolExecutor(1, "emulator-films")
        self._looks = ThreadPoolExecutor(2, "emulator-looks")
        for name in ("inputs", "videos", "masks"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def begin(self, task: Task) -> None:
        """Start on a task."""
        if task.failure is None and not task.ready:
            job = asyncio.get_running_loop().create_task(self._perform(task))
            self._jobs.add(job)
            job.add_done_callback(self._jobs.discard)

    def resume(self) -> None:
        """Start again on what an earlier process left unfinished."""
        for task in self._store.tasks:
            self.begin(task)

    def abandon(self) -> None:
        """Give up everything that is under way, and forget what was made."""
        for job in self._jobs:
            job.cancel()
        for name in ("inputs", "videos", "masks"):
            for path in (self._folder / name).iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    async def close(self) -> None:
        """Stop at once; unfinished tasks are resumed by the next process."""
        self._stopping.set()
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        await asyncio.to_thread(self._shut_down)

    async def detect(self, image_url: str) -> list[str]:
        """Return the file names of one mask per subject, the largest first."""
        data = await self._fetcher.fetch(image_url, "image_url")
        names: list[str] = await self._look(self._write_masks, data)
        return names

    async def label(self, task: Task, meta: dict[str, str]) -> str:
        """Return the file name of the task's video with this label in it."""
        task_id = task.task_id
        if Spoil.of(task.body.get("prompt", "")) is Spoil.UNLABELLED:
            return self.video_path(task_id).name
        digest = hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()[:12]
        target = self.video_path(task_id).with_stem(f"{task_id}-{digest}")
        if not target.exists():
            await self._look(write_label, self.video_path(task_id), target, meta)
        return target.name

    def video_path(self, task_id: str) -> Path:
        """Return where a task's video lies."""
        return self._folder / "videos" / f"{task_id}.mp4"

    async def _perform(self, task: Task) -> None:
        try:
            if task.kind is Kind.RECOGNISE:
                await self._recognise(task)
            else:
                await self._generate(task)
        except InputError as error:
            self._update(task, failure=error.code, failure_detail=error.detail)
        except RenderingStoppedError:
            return
        except Exception:  # noqa: BLE001 -- an emulator that breaks must not leave a task running for ever
            _log.exception("task %s failed in the emulator itself", task.task_id)
            self._update(task, failure=INTERNAL, failure_detail="the emulator's own fault; see its log")

    async def _recognise(self, task: Task) -> None:
        data = await self._fetcher.fetch(task.body["image_url"], "image_url")
        subjects = await self._look(lambda: find_subjects(read_portrait(data)))
        self._update(task, work_s=recognition_work_s(), ready=True, has_subject=bool(subjects))

    async def _generate(self, task: Task) -> None:
        inputs = self._folder / "inputs" / task.task_id
        if not inputs.exists():
            await self._fetch_inputs(task, inputs)
        scene = await self._look(_set_scene, task, inputs)
        fast = task.body.get("pe_fast_mode", False)
        self._update(task, work_s=generation_work_s(scene.sound.duration_s, fast=fast, seed=task.seed))
        if task.late_failure is not None:  # nobody will see this film
            self._update(task, ready=True)
            return
        media_s = await asyncio.get_running_loop().run_in_executor(self._films, self._film, task.task_id, scene)
        self._update(task, ready=True, media_s=media_s)
        shutil.rmtree(inputs, ignore_errors=True)

    def _film(self, task_id: str, scene: Scene) -> float:
        """Render aside and move into place: a half-written video is never served."""
        path = self.video_path(task_id)
        partial = path.with_suffix(".part")
        media_s = render(scene, partial, stopped=lambda: self._stopping.is_set() or self._store.task(task_id) is None)
        partial.replace(path)
        return media_s

    async def _fetch_inputs(self, task: Task, inputs: Path) -> None:
        wanted = {"image_url": task.body["image_url"], "audio_url": task.body["audio_url"]}
        wanted |= {f"mask_url-{index}": url for index, url in enumerate(task.body.get("mask_url", []))}
        fetched = await asyncio.gather(*(self._fetcher.fetch(url, name) for name, url in wanted.items()))
        partial = inputs.with_suffix(".part")
        partial.mkdir(exist_ok=True)
        for name, data in zip(wanted, fetched, strict=True):
            (partial / name).write_bytes(data)
        partial.replace(inputs)

    def _write_masks(self, data: bytes) -> list[str]:
        names = []
        for mask in find_subjects(read_portrait(data)):
            png = encode_mask(mask)
            name = f"{hashlib.sha256(png).hexdigest()[:32]}.png"
            (self._folder / "masks" / name).write_bytes(png)
            names.append(name)
        return names

    def _update(self, task: Task, **changes: Any) -> None:
        # The admin API may have changed the task meanwhile, or a reset may have taken it away.
        if (current := self._store.task(task.task_id)) is not None:
            self._store.save(replace(current, **changes))

    async def _look(self, function: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._looks, function, *arguments)

    def _shut_down(self) -> None:
        self._films.shutdown(cancel_futures=True)
        self._looks.shutdown(cancel_futures=True)


def _set_scene(task: Task, inputs: Path) -> Scene:
    sound = decode_sound((inputs / "audio_url").read_bytes())
    portrait = read_portrait((inputs / "image_url").read_bytes())
    masks = [read_mask(path.read_bytes(), portrait.image.size) for path in sorted(inputs.glob("mask_url-*"))]
    masks = masks or find_subjects(portrait)
    if not masks:
        raise InputError(INVALID_INPUT, "image_url: no subject to be seen")
    return Scene(
        image=portrait.image,
        masks=masks,
        sound=sound,
        resolution=task.body.get("output_resolution", _DEFAULT_RESOLUTION),
        seed=task.seed,
        fast=task.body.get("pe_fast_mode", False),
        spoil=Spoil.of(task.body.get("prompt", "")),
    )
