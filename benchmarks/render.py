"""How fast the emulator renders: seconds of video per second of CPU time, shipped portrait, real speech.

Run: ``.venv/bin/python benchmarks/render.py [--quick] [--seconds 15] [--runs 3]``. CPU time, not wall time, so that other work
on the machine does not count; the encoder is held to one thread by the renderer itself.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from measuring import Measure, Report, interleaved, options

from airflow_provider_omnihuman.emulator.pictures import read_portrait
from airflow_provider_omnihuman.emulator.render import Scene, render
from airflow_provider_omnihuman.emulator.sound import decode_sound
from airflow_provider_omnihuman.emulator.subjects import find_subjects
from airflow_provider_omnihuman.speech.local import LocalSpeechEngine

PORTRAIT = Path(__file__).parent.parent / "dags" / "portraits" / "presenter.png"
SENTENCE = "Good morning. This is the news of the day, read by a picture. "
_SENTENCE_S = 3.4


def scene(seconds: float, *, resolution: int, fast: bool) -> Scene:
    """Return what is rendered: about that many seconds of speech."""
    speech = LocalSpeechEngine(audio_format="wav").synthesize(SENTENCE * max(1, round(seconds / _SENTENCE_S)), voice="en")
    portrait, sound = read_portrait(PORTRAIT.read_bytes()), decode_sound(speech.data)
    return Scene(portrait.image, find_subjects(portrait), sound, resolution=resolution, seed=7, fast=fast)


def times_real_time(what: Scene) -> Measure:
    """Render once; return seconds of video per second of CPU time."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        length_s = render(what, Path(folder) / "film.mp4")
        return {"times_real_time": length_s / (time.process_time() - started)}


def main() -> int:
    """Measure, print, write."""
    arguments = options(__doc__, add=_add_options)
    seconds, runs = (_SENTENCE_S, 1) if arguments.quick else (arguments.seconds, arguments.runs)
    kinds = [(resolution, fast) for resolution in (720, 1080) for fast in (False, True)]
    measures: dict[str, Callable[[], Measure]] = {
        str(kind): partial(times_real_time, scene(seconds, resolution=kind[0], fast=kind[1])) for kind in kinds
    }
    taken = interleaved(measures, runs=runs)
    report = Report(
        "render",
        "How fast the emulator renders",
        f"a film of {seconds:.0f} s per run, of the shipped portrait with real speech; seconds of video per second of CPU",
        ["resolution", "pe_fast_mode", "× real time"],
        quick=arguments.quick,
    )
    for resolution, fast in kinds:
        figure = taken[str((resolution, fast))]["times_real_time"]
        report.add(**{"resolution": str(resolution), "pe_fast_mode": str(fast).lower(), "× real time": figure})
    report.finish(folder=arguments.out)
    return 0


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=15.0, help="length of the film")


if __name__ == "__main__":
    sys.exit(main())
