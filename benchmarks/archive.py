"""Bringing a video into S3: the archive's transfer, beside what users do, and beside an upload of bytes in memory.

``make setup`` and npm are all it needs: s3rver is installed on first use. ``--quick`` needs no npm.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from archive_source import make_film
from archive_stores import S3RVER_KEYS, data_folder, moto, s3rver
from botocore.config import Config
from measuring import Goal, Measure, Report, Spread, interleaved, options, ratio

HERE = Path(__file__).parent
BUCKET = "benchmark"
MIB = 1024 * 1024
UPPER, RECIPE, ONE, OURS = "in-memory", "temp-file", "ours-1", "ours-4"
NAMES = {
    UPPER: "upload_fileobj of bytes in memory",
    RECIPE: "requests → temp file → S3Hook.load_file",
    "whole-in-memory": "requests.content → S3Hook.load_bytes",
    ONE: "ours, 1 part in flight",
    "ours-2": "ours, 2 parts in flight",
    OURS: "ours (4 parts in flight)",
    "ours-8": "ours, 8 parts in flight",
}
METHOD = (
    "Each run is a process of its own; CPU is that process's, user and system; memory its peak RSS over what it had after all "
    "imports. The film comes over HTTP from another process (sendfile); each of its bytes lies in a picture, so ours reads all "
    "of it back for verification. Ours also takes its SHA-256, keeps the temporary copy and checks the size; the upper bound "
    "only uploads. The temp file is written in the 8 KiB chunks of the common recipe. S3 is {store}. boto's settings are its "
    "defaults: over plain HTTP it signs each body's SHA-256, which it does not over TLS. Films below 1 GiB are brought several "
    "times in a row."
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the variants run.

    :param source: the address of the films
    :param films: their folder
    :param environment: of each run
    :param client: to tidy up with
    """

    source: str
    films: Path
    environment: dict[str, str]
    client: Any

    def run(self, variant: str, *, size: int, repeats: int) -> Measure:
        """Run a variant in a process of its own; return its figures."""
        film = self.films / f"{size}.mp4"
        command = (sys.executable, HERE / "archive_variants.py", variant, f"{self.source}/{film.name}", film, repeats)
        result = subprocess.run([*map(str, command)], env=self.environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours
        if result.returncode:
            raise RuntimeError(f"{variant} failed: {result.stderr[-2000:]}")
        self._tidy_up(film)
        took = json.loads(result.stdout.splitlines()[-1])
        gigabytes = took["bytes"] / 1e9
        return {
            "mb_per_s": took["bytes"] / 1e6 / took["wall_s"],
            "cpu_s_per_gb": took["cpu_s"] / gigabytes,
            "memory_mb": took["memory_mb"],
            "verify_s_per_gb": took["verify_s"] / gigabytes,
        }

    def _tidy_up(self, film: Path) -> None:
        """See that the whole film is there, then make room for the next one."""
        held = self.client.head_object(Bucket=BUCKET, Key="film.mp4")["ContentLength"]
        if held != film.stat().st_size:
            raise RuntimeError(f"the store holds {held} bytes of {film.stat().st_size}")
        self.client.delete_object(Bucket=BUCKET, Key="film.mp4")


@contextmanager
def stage(sizes: list[int], *, is_quick: bool) -> Iterator[Stage]:
    with (
        tempfile.TemporaryDirectory(prefix="archive-bench-") as name,
        tempfile.TemporaryDirectory(dir=data_folder(6 * max(sizes))) as data,
    ):
        folder, films = Path(name), Path(name) / "films"
        films.mkdir()
        for size in sizes:
            make_film(films / f"{size}.mp4", size=size)
        store = moto(folder / "s3.log") if is_quick else s3rver(Path(data), folder / "s3.log")
        with store as endpoint, _source(films) as source:
            client = _client(endpoint)
            client.create_bucket(Bucket=BUCKET)
            yield Stage(source, films, _environment(endpoint, home=folder / "airflow"), client)


@contextmanager
def _source(films: Path) -> Iterator[str]:
    command = [sys.executable, str(HERE / "archive_source.py"), str(films)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def _client(endpoint: str) -> Any:
    key, secret = S3RVER_KEYS
    config = Config(s3={"addressing_style": "path"}, proxies={})
    keys = {"aws_access_key_id": key, "aws_secret_access_key": secret}
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config, **keys)


def _environment(endpoint: str, *, home: Path) -> dict[str, str]:
    """Nothing of the caller's Airflow, AWS and proxies; the connection to the store."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("AIRFLOW", "AWS_")) and "proxy" not in name.lower()
    }
    key, secret = S3RVER_KEYS
    extra = {"endpoint_url": endpoint, "region_name": "us-east-1", "config_kwargs": {"s3": {"addressing_style": "path"}}}
    connection = json.dumps({"conn_type": "aws", "login": key, "password": secret, "extra": extra})
    return {**kept, "AIRFLOW_HOME": str(home), "AIRFLOW_CONN_AWS_DEFAULT": connection, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}


def sha256_s_per_gb() -> float:
    """What a SHA-256 alone costs here: a processor without instructions for it needs four times as long as one with them."""
    data, digest = bytes(8 * MIB), hashlib.sha256()
    started = time.process_time()
    for _ in range(8):
        digest.update(data)
    return (time.process_time() - started) / (8 * len(data) / 1e9)


def add_rows(report: Report, taken: dict[str, dict[str, Spread]], *, size: str) -> None:
    for variant, figures in taken.items():
        report.add(
            **{
                "film": size,
                "way": NAMES[variant],
                "MB/s": figures["mb_per_s"],
                "× in memory": ratio(figures["mb_per_s"], taken[UPPER]["mb_per_s"]),
                "CPU s/GB": figures["cpu_s_per_gb"],
                "× temp file": ratio(figures["cpu_s_per_gb"], taken[RECIPE]["cpu_s_per_gb"]),
                "extra MB": figures["memory_mb"],
                "verifying, s/GB": figures["verify_s_per_gb"],
            }
        )
    report.series[size] = {NAMES[variant]: figures for variant, figures in taken.items()}


def add_goals(report: Report, taken: dict[str, dict[str, Spread]], *, size: str, sha256: float) -> None:
    ours, recipe = taken[OURS], taken[RECIPE]["cpu_s_per_gb"]
    speed = ratio(ours["mb_per_s"], taken[UPPER]["mb_per_s"]).median
    cpu = ratio(ours["cpu_s_per_gb"], recipe).median
    part = sha256 / recipe.median
    remark = (
        f"One SHA-256 is {sha256:.2g} s/GB here, {part:.2g}× of all that the temp file costs. Ours takes one for its manifest, "
        "boto another one for its signature over plain HTTP, as it does for the temp file. Reading the film back to verify it "
        "comes on top: the temp file's way leaves both out, the upload from memory also the download."
    )
    report.goals += [
        Goal(f"throughput of an upload from memory, {size}", speed, 0.9, "at least", remark=remark),
        Goal(f"extra memory, MB, {size}", ours["memory_mb"].median, 60),
        Goal(f"CPU of temp file and load_file, {size}", cpu, 0.3, remark=remark),
    ]


def measure(report: Report, place: Stage, sizes: list[int], *, runs: int) -> None:
    sha256 = sha256_s_per_gb()
    report.series["sha256_s_per_gb"] = sha256
    for size in sizes:
        repeats = 1 if report.quick or size >= 1024 * MIB else max(1, 256 * MIB // size)
        variants = [UPPER, RECIPE, OURS] if report.quick else list(NAMES)
        taken = interleaved(
            {name: functools.partial(place.run, name, size=size, repeats=repeats) for name in variants}, runs=runs
        )
        label = f"{size // MIB:,} MiB"
        add_rows(report, taken, size=label)
        if size == max(sizes):
            add_goals(report, taken, size=label, sha256=sha256)


def main() -> int:
    arguments = options(
        __doc__,
        add=lambda parser: parser.add_argument("--mib", type=int, nargs="+", default=[32, 2048], help="sizes of the films"),
    )
    is_quick = arguments.quick
    sizes = [4 * MIB] if is_quick else [size * MIB for size in arguments.mib]
    store = "moto's server" if is_quick else "s3rver, its files in memory where there is room"
    report = Report(
        name="archive",
        title="Bringing a video into S3",
        method=METHOD.format(store=store),
        columns=["film", "way", "MB/s", "× in memory", "CPU s/GB", "× temp file", "extra MB", "verifying, s/GB"],
        quick=is_quick,
    )
    with stage(sizes, is_quick=is_quick) as place:
        measure(report, place, sizes, runs=1 if is_quick else arguments.runs)
    report.finish(folder=arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
