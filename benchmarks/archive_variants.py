"""One way to bring a film into S3, run once in a process of its own (run as a script): ``<variant> <url> <file> <repeats>``.

The connection comes by ``AIRFLOW_CONN_AWS_DEFAULT``. Writes one line of JSON: bytes, seconds, CPU seconds, memory.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import av  # noqa: F401 - ours imports it late: its memory is not the transfer's
import requests
from airflow.providers.amazon.aws.hooks.s3 import S3Hook

from airflow_provider_omnihuman.archive.inspection import inspect_video
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.transfer import download_to_s3

BUCKET = "benchmark"
_KEY = "film.mp4"
_RECIPE_CHUNK_BYTES = 8192
_MEBIBYTE = 1024 * 1024


class Transfer:
    """The variants.

    :param url: of the film
    :param file: the film itself, for the variant that downloads nothing
    """

    def __init__(self, url: str, file: Path) -> None:
        self.url = url
        self.file = file
        self.hook = S3Hook()
        self.hook.get_conn()
        self.verify_s = 0.0
        self._held: bytes | None = None

    def prepare_in_memory(self) -> None:
        self._held = self.file.read_bytes()

    def in_memory(self) -> None:
        """The upper bound: nothing is downloaded, hashed, kept or verified."""
        assert self._held is not None
        self.hook.get_conn().upload_fileobj(io.BytesIO(self._held), BUCKET, _KEY)

    def temp_file(self) -> None:
        """The recipe that users copy most, then the hook's own way."""
        with tempfile.NamedTemporaryFile() as file, requests.get(self.url, stream=True, timeout=60) as reply:
            reply.raise_for_status()
            for chunk in reply.iter_content(_RECIPE_CHUNK_BYTES):
                file.write(chunk)
            file.flush()
            self.hook.load_file(file.name, _KEY, BUCKET, replace=True)

    def whole_in_memory(self) -> None:
        self.hook.load_bytes(requests.get(self.url, timeout=60).content, _KEY, BUCKET, replace=True)

    def ours(self, in_flight: int) -> None:
        download_to_s3(
            self.url,
            self.hook.get_conn(),
            S3Location(BUCKET, _KEY),
            verify=self._verify,
            extra_args={"ContentType": "video/mp4"},
            in_flight=in_flight,
        )

    def _verify(self, file: IO[bytes]) -> Any:
        started = time.perf_counter()
        inspection = inspect_video(file, audio_s=None)
        self.verify_s += time.perf_counter() - started
        return inspection


def variants(transfer: Transfer) -> dict[str, Callable[[], None]]:
    """By name; ``ours-4`` is ours with four parts in flight."""
    ours = {f"ours-{count}": lambda count=count: transfer.ours(count) for count in (1, 2, 4, 8)}
    return {
        "in-memory": transfer.in_memory,
        "temp-file": transfer.temp_file,
        "whole-in-memory": transfer.whole_in_memory,
        **ours,
    }


def _status_mb(field: str) -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024 / 1e6


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main(name: str, url: str, file: str, repeats: str) -> None:
    """Run one variant, as often as asked; write what it took."""
    transfer = Transfer(url, Path(file))
    if name == "in-memory":
        transfer.prepare_in_memory()
    run = variants(transfer)[name]
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew (proc(5))
    before_mb, cpu_s, started = _status_mb("VmRSS"), _cpu_s(), time.perf_counter()
    for _ in range(int(repeats)):
        run()
    took = {"wall_s": time.perf_counter() - started, "cpu_s": _cpu_s() - cpu_s, "memory_mb": _status_mb("VmHWM") - before_mb}
    print(json.dumps({**took, "verify_s": transfer.verify_s, "bytes": Path(file).stat().st_size * int(repeats)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
