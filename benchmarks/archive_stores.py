"""The archive benchmark's S3 servers: s3rver streams to files; moto needs no npm, but holds objects in memory."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from airflow_provider_omnihuman.demo.ports import free_ports

_LOCK = Path(__file__).parent / "archive_s3rver"
_INSTALLED = Path(__file__).parent / ".s3rver_cache"
_MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - a file system, not a file with a name to guess
S3RVER_KEYS = ("S3RVER", "S3RVER")
"""The only ones that it knows (its README)."""


def data_folder(wanted_bytes: int) -> Path | None:
    """Return a folder in memory, if there is room: else the machine's disk would be measured. None for the usual place."""
    has_room = _MEMORY_DISK.is_dir() and shutil.disk_usage(_MEMORY_DISK).free > wanted_bytes
    return _MEMORY_DISK if has_room else None


@contextmanager
def s3rver(folder: Path, log: Path) -> Iterator[str]:
    """Install it on first use, run it; yield its address."""
    program = _INSTALLED / "node_modules" / "s3rver" / "bin" / "s3rver.js"
    if not program.exists():
        _install()
    (port,) = free_ports(1)
    options = ["-d", folder, "-a", "127.0.0.1", "-p", port, "--silent", "--no-vhost-buckets"]
    with _running(["node", program, *options], log, ready=f"http://127.0.0.1:{port}/") as address:
        yield address


def _install() -> None:
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm was not found: it installs s3rver, the S3 server of this benchmark; --quick does without")
    _INSTALLED.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_LOCK / name, _INSTALLED)
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    subprocess.run([npm, "ci", *quiet], cwd=_INSTALLED, check=True, stdout=sys.stderr)  # noqa: S603 - what npm is, PATH says


@contextmanager
def moto(log: Path) -> Iterator[str]:
    """Run the demo's store; yield its address."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "airflow_provider_omnihuman.demo.quiet_moto", "-H", "127.0.0.1", "-p", port]
    with _running(command, log, ready=f"http://127.0.0.1:{port}/moto-api/") as address:
        yield address


@contextmanager
def _running(command: Sequence[object], log: Path, *, ready: str) -> Iterator[str]:
    with log.open("wb") as output, subprocess.Popen([*map(str, command)], stdout=output, stderr=output) as process:  # noqa: S603 - ours
        try:
            end = time.monotonic() + 30
            while not _answers(ready):
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"the S3 server did not start: {log.read_text(errors='replace')[-2000:]}")
                time.sleep(0.1)
            yield ready.removesuffix("/").removesuffix("/moto-api")
        finally:
            process.kill()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code < 500
    except httpx.TransportError:
        return False
