"""What it costs to check a film: CPU per minute of 720p video, in one pass for all checks and in one pass for each.

Run: ``.venv/bin/python benchmarks/checking.py [--quick] [--seconds 50] [--runs 3]``. The emulator renders the film, of
the shipped portrait with real speech. CPU time of the process, all its threads, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from measuring import Goal, Measure, Report, Spread, interleaved, options, ratio
from render import PORTRAIT, SENTENCE

from airflow_provider_omnihuman.emulator.pictures import read_portrait
from airflow_provider_omnihuman.emulator.render import Scene, render
from airflow_provider_omnihuman.emulator.sound import decode_sound
from airflow_provider_omnihuman.emulator.subjects import find_subjects
from airflow_provider_omnihuman.media.quality.expected import Limits
from airflow_provider_omnihuman.media.quality.finding import Check
from airflow_provider_omnihuman.media.quality.likeness import look_at_portrait
from airflow_provider_omnihuman.media.quality.measuring import measure
from airflow_provider_omnihuman.media.quality.playing import play
from airflow_provider_omnihuman.speech.local import LocalSpeechEngine

_SENTENCE_S = 3.4
_LONGEST_S = 50.0
"""What the service makes in one piece is under a minute."""
MEASURED = (Check.READABLE, Check.DURATION, Check.SOUNDTRACK, Check.LOUDNESS, Check.BLACK, Check.FROZEN, Check.REPLACEMENT)
"""The checks that decode the film; the others read its header."""


def make(folder: Path, seconds: float) -> tuple[Path, Path, float]:
    """Render a film and write its audio; return both, and how long it is."""
    speech = LocalSpeechEngine(audio_format="wav").synthesize(SENTENCE * max(1, round(seconds / _SENTENCE_S)), voice="en")
    portrait, sound = read_portrait(PORTRAIT.read_bytes()), decode_sound(speech.data)
    scene = Scene(portrait.image, find_subjects(portrait), sound, resolution=720, seed=7, fast=True)
    film, audio = folder / "film.mp4", folder / "audio.wav"
    audio.write_bytes(speech.data)
    return film, audio, render(scene, film)


def cpu_per_minute(work: Callable[[], object], *, length_s: float) -> Measure:
    """Do it once; return seconds of CPU per minute of film."""
    started = time.process_time()
    work()
    return {"cpu_s": (time.process_time() - started) * 60 / length_s}


def main() -> int:
    """Measure, print, write."""
    arguments = options(__doc__, add=_add_options)
    seconds, runs = (_SENTENCE_S, 1) if arguments.quick else (min(arguments.seconds, _LONGEST_S), arguments.runs)
    with tempfile.TemporaryDirectory() as folder:
        film, audio, length_s = make(Path(folder), seconds)
        with PORTRAIT.open("rb") as file:
            look = look_at_portrait(file)
        check = partial(measure, film, audio=audio, portraits=[look], limits=Limits())
        ways: dict[str, Callable[[], object]] = {
            "all checks in one pass": partial(check, checks=frozenset(MEASURED)),
            "one pass for each check": lambda: [check(checks=frozenset({one})) for one in MEASURED],
            "only decoded": partial(play, film),
        }
        taken = interleaved({name: partial(cpu_per_minute, work, length_s=length_s) for name, work in ways.items()}, runs=runs)
    _report(taken, length_s=length_s, quick=arguments.quick).finish(folder=arguments.out)
    return 0


def _report(taken: dict[str, dict[str, Spread]], *, length_s: float, quick: bool) -> Report:
    report = Report(
        "checking",
        "What it costs to check a film",
        f"a film of {length_s:.0f} s, 720p, of the shipped portrait with real speech; CPU of the process, all threads; the "
        f"{len(MEASURED)} checks that need pictures or sound, in one pass over the file and in one pass for each",
        ["way", "s of CPU per minute of film", "× one pass"],
        quick=quick,
    )
    one = taken["all checks in one pass"]["cpu_s"]
    for name, figures in taken.items():
        report.add(**{"way": name, "s of CPU per minute of film": figures["cpu_s"], "× one pass": ratio(figures["cpu_s"], one)})
    report.goals.append(
        Goal("a minute of film is checked in a tenth of its length, on one core: s of CPU", one.median, 6.0, "at most")
    )
    return report


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=_LONGEST_S, help="length of the film")


if __name__ == "__main__":
    sys.exit(main())
