"""What a Dag file pays to import each module of ours, over ``airflow.sdk``, beside what its author would import otherwise.

A fresh interpreter for each sample, byte code warm, variants in turn. The figures are those of the import alone: CPU time
(user + system) and wall time, after ``from airflow.sdk import DAG, task, …``, which every Dag file pays.
"""

from __future__ import annotations

import json
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from measuring import Goal, Measure, Report, Spread, interleaved, options, ratio

import airflow_provider_omnihuman

PACKAGE = "airflow_provider_omnihuman"
LIMIT_MS = 20.0
LEAST_SAMPLES = 11
DAGS = Path(__file__).parent.parent / "dags"

DAG_FILE = "from airflow.sdk import DAG, BaseOperator, BaseSensorOperator, Param, task"
EMPTY_DAG = """
with DAG(dag_id="empty", schedule=None):
    BaseOperator(task_id="nothing")
"""
OTHERWISE = {
    "amazon …operators.bedrock": "import airflow.providers.amazon.aws.operators.bedrock",
    "amazon …sensors.s3": "import airflow.providers.amazon.aws.sensors.s3",
    "volcengine VisualService": "from volcengine.visual.VisualService import VisualService",
    "boto3": "import boto3",
}
SAMPLE = """
import json, runpy, sys, time

exec(sys.argv[1], globals())
cpu_s, wall_s = time.process_time(), time.perf_counter()
exec(sys.argv[2], globals())
print(json.dumps({"cpu_ms": (time.process_time() - cpu_s) * 1000, "wall_ms": (time.perf_counter() - wall_s) * 1000}))
"""


def public_modules() -> Iterator[str]:
    """Yield what a Dag file may import."""
    info = airflow_provider_omnihuman.get_provider_info()
    for kind in ("operators", "sensors"):
        for entry in info[kind]:
            yield from entry["python-modules"]


def all_modules() -> list[str]:
    """Return every module that a worker or a triggerer may load."""
    aside = {"emulator", "demo"}
    walk = pkgutil.walk_packages(airflow_provider_omnihuman.__path__, f"{PACKAGE}.")
    return [module.name for module in walk if module.name.split(".")[1] not in aside]


def codes() -> dict[str, tuple[str, str]]:
    """Return what is measured: by name, what the interpreter has run before, and what is timed."""
    ours = {name.removeprefix(f"{PACKAGE}."): (DAG_FILE, f"import {name}") for name in public_modules()}
    # Airflow reads it in each process of its own; in the other variants it has done so before the measurement.
    ours["provider info"] = ("import airflow.sdk", f"import {PACKAGE}; {PACKAGE}.get_provider_info()")
    dags = {
        f"dags/{path.name}": (f"{DAG_FILE}{EMPTY_DAG}", f"runpy.run_path({str(path)!r})") for path in sorted(DAGS.glob("*.py"))
    }
    eager = "; ".join(f"import {name}" for name in all_modules())
    return (
        ours | dags | {"all of ours, eagerly": (DAG_FILE, eager)} | {name: (DAG_FILE, code) for name, code in OTHERWISE.items()}
    )


def sample(before: str, code: str, *, home: str) -> Measure:
    """Run the code in a fresh interpreter; return what it took."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    done = subprocess.run(  # noqa: S603 - the interpreter that runs this
        [sys.executable, "-c", SAMPLE, before, code],
        env=environment | {"AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"},
        capture_output=True,
        text=True,
        check=True,
    )
    figures: Measure = json.loads(done.stdout.splitlines()[-1])
    return figures


def measured(chosen: dict[str, tuple[str, str]], *, samples: int) -> dict[str, dict[str, Spread]]:
    """Measure each in turn; the first round, which may compile byte code, is thrown away."""
    with tempfile.TemporaryDirectory(prefix="omnihuman-imports-") as home:
        variants: dict[str, Callable[[], Measure]] = {
            name: partial(sample, before, code, home=home) for name, (before, code) in chosen.items()
        }
        if samples >= LEAST_SAMPLES:
            interleaved(variants, runs=1)
        return interleaved(variants, runs=samples)


def told(chosen: dict[str, tuple[str, str]], taken: dict[str, dict[str, Spread]], *, quick: bool) -> Report:
    """Return the report."""
    report = Report(
        name="imports",
        title="What a Dag file pays for an import, over airflow.sdk",
        method=f"a fresh interpreter per sample, variants in turn; before the timed import: `{DAG_FILE}`; the Dag files have an "
        "empty Dag of Airflow's own behind them too, and make their tasks; the provider info has only `import airflow.sdk`",
        columns=["import", "cpu ms", "wall ms", "cpu, of all eagerly"],
        quick=quick,
    )
    eager = taken["all of ours, eagerly"]["cpu_ms"]
    for name in chosen:
        cpu = taken[name]["cpu_ms"]
        share = None if name == "all of ours, eagerly" else ratio(cpu, eager)
        report.add(**{"import": name, "cpu ms": cpu, "wall ms": taken[name]["wall_ms"], "cpu, of all eagerly": share})
        if name not in OTHERWISE and name != "all of ours, eagerly":
            report.goals.append(Goal(f"CPU ms over airflow.sdk: {name}", cpu.median, LIMIT_MS))
    report.series = {
        "cpu_ms": {name: taken[name]["cpu_ms"] for name in chosen},
        "wall_ms": {name: taken[name]["wall_ms"] for name in chosen},
        "otherwise": list(OTHERWISE),
        "limit_ms": LIMIT_MS,
    }
    return report


def main() -> int:
    """Measure, print, write."""
    arguments = options(__doc__)
    chosen = codes()
    if arguments.quick:
        chosen = {name: chosen[name] for name in ("operators.video", "all of ours, eagerly")}
    taken = measured(chosen, samples=2 if arguments.quick else max(LEAST_SAMPLES, arguments.runs))
    told(chosen, taken, quick=arguments.quick).finish(folder=arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
