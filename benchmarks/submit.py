"""From a task's start to its submit on the wire: our operator, beside the vendor SDK in a function of one's own.

Each sample is a fresh worker process that has parsed its Dag: ``cold`` is its first task, ``warm`` a second one. The clock stops
when the first byte of the POST reaches the server. The emulator behind it verifies each signature.
"""

from __future__ import annotations

import functools
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from measuring import Measure, Report, Spread, interleaved, options, ratio
from submit_phases import NAMES, POST
from submit_wire import Wire

from airflow_provider_omnihuman.emulator.server import Emulator
from airflow_provider_omnihuman.emulator.settings import Settings

PROJECT = Path(__file__).parent.parent
PORTRAIT = PROJECT / "dags" / "portraits" / "presenter.png"
SDK = "vendor SDK"
OURS, UNCHECKED, BY_PHASE = "operator", "operator, unchecked", "operator, phases"
LEAST_SAMPLES = 7
AUDIO_S = 10
RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Bench:
    """What the workers talk to."""

    emulator: Emulator
    wire: Wire
    inputs: dict[str, str]
    environment: dict[str, str]


@contextmanager
def bench() -> Iterator[Bench]:
    """Serve inputs and API for a block."""
    with (
        tempfile.TemporaryDirectory(prefix="omnihuman-submit-") as folder,
        Emulator(Settings(concurrency=0, qps=0)) as emulator,
        Wire(_host_and_port(emulator.endpoint)) as wire,
        _files(Path(folder)) as files,
    ):
        connection = {
            "conn_type": "omnihuman",
            "login": emulator.settings.access_key,
            "password": emulator.settings.secret_key,
            "extra": {"endpoint": f"http://{wire.address}"},
        }
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AWS_"))}
        environment |= {
            "AIRFLOW_HOME": folder,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW_CONN_OMNIHUMAN_DEFAULT": json.dumps(connection),
            "HOME": folder,  # the SDK reads ~/.volc
        }
        inputs = {"image_url": f"{files}/portrait.png", "audio_url": f"{files}/speech.wav"}
        yield Bench(emulator, wire, inputs, environment)


def sample(variant: str, bench: Bench) -> Measure:
    """Run two tasks in a fresh worker; return what passed before the submit of each."""
    command = [sys.executable, str(Path(__file__).with_name("submit_worker.py")), variant, json.dumps(bench.inputs)]
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(  # noqa: S603 - our own script
            command, env=bench.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as worker,
    ):
        bench.wire.sender_pid = worker.pid
        try:
            _answer(worker, log)
            return _task("cold", worker, bench, log) | _task("warm", worker, bench, log)
        finally:
            worker.stdin.close()  # type: ignore[union-attr]  # it is a pipe


def _task(name: str, worker: subprocess.Popen[str], bench: Bench, log: IO[str]) -> Measure:
    admin = f"{bench.emulator.admin_url}/reset"
    urllib.request.urlopen(admin, data=b"{}").close()  # noqa: S310 - the emulator's; it stops what it renders
    time.sleep(0.2)
    assert worker.stdin
    worker.stdin.write("go\n")
    worker.stdin.flush()
    begun = json.loads(_answer(worker, log))
    seen = bench.wire.sightings.get(timeout=30)
    taken_ms = (seen.at_ns - begun["at_ns"]) / 1e6
    figures = {f"{name}_ms": taken_ms, f"{name}_cpu_ms": (seen.cpu_ns - begun["cpu_ns"]) / 1e6}
    if spent_ms := {phase: spent_ns / 1e6 for phase, spent_ns in begun["spent_ns"].items()}:
        # Charging ends as the POST sets out: what is left is its way to the first byte.
        spent_ms[POST] = taken_ms - sum(spent_ms.values())
        figures |= {f"{name} {phase}": ms for phase, ms in spent_ms.items()}
    return figures


def _answer(worker: subprocess.Popen[str], log: IO[str]) -> str:
    assert worker.stdout
    if line := worker.stdout.readline():
        return line
    worker.wait()
    log.seek(0)
    raise RuntimeError(f"the worker died:\n{log.read()[-3000:]}")


def _host_and_port(endpoint: str) -> tuple[str, int]:
    host, port = endpoint.removeprefix("http://").split(":")
    return host, int(port)


@contextmanager
def _files(folder: Path) -> Iterator[str]:
    """Serve a portrait and a tone; yield the base URL."""
    (folder / "portrait.png").write_bytes(PORTRAIT.read_bytes())
    with wave.open(str(folder / "speech.wav"), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(RATE_HZ)
        audio.writeframes(bytes(2 * RATE_HZ * AUDIO_S))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """The emulator lets go of what it fetches when it is reset."""

    server = Server(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def told(taken: dict[str, dict[str, Spread]], *, quick: bool) -> Report:
    """Return the report."""
    report = Report(
        name="submit",
        title="From the start of a task to its submit on the wire",
        method="a fresh worker process per sample, which has loaded Airflow's task runner and parsed its Dag; cold: its first "
        f"task, warm: a second one; until the first byte of the POST; portrait and {AUDIO_S} s of WAV on a local server, "
        "connection by environment variable, the ledger in memory (with Airflow, each of its two writes is a call to the API "
        "server); the vendor SDK in a function, with neither checks nor ledger; CPU: user and system, of all threads",
        columns=["variant", "task", "ms", "cpu ms", "ms, of the vendor SDK's", "cpu, of the vendor SDK's"],
        quick=quick,
    )
    for name in (OURS, UNCHECKED, SDK):
        for task in ("cold", "warm"):
            figures, sdk = taken[name], taken[SDK]
            ratios = (
                {}
                if name == SDK
                else {
                    "ms, of the vendor SDK's": ratio(figures[f"{task}_ms"], sdk[f"{task}_ms"]),
                    "cpu, of the vendor SDK's": ratio(figures[f"{task}_cpu_ms"], sdk[f"{task}_cpu_ms"]),
                }
            )
            report.add(variant=name, task=task, ms=figures[f"{task}_ms"], **{"cpu ms": figures[f"{task}_cpu_ms"]}, **ratios)
    phases = {task: {phase: taken[BY_PHASE][f"{task} {phase}"] for phase in NAMES} for task in ("cold", "warm")}
    for task, spent in phases.items():
        for phase, ms in spent.items():
            report.add(variant=f"… {phase}", task=task, ms=ms)
    report.series = {"phases_ms": phases, "order": list(NAMES)}
    return report


def main() -> int:
    """Measure, print, write."""
    arguments = options(__doc__)
    with bench() as served:
        variants: dict[str, Callable[[], Measure]] = {
            name: functools.partial(sample, name, served) for name in (OURS, UNCHECKED, BY_PHASE, SDK)
        }
        taken = interleaved(variants, runs=1 if arguments.quick else max(LEAST_SAMPLES, arguments.runs))
    told(taken, quick=arguments.quick).finish(folder=arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
