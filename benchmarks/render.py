"""How fast the emulator renders: seconds of video per second of CPU time of one core, shipped portrait, real speech.

Run: ``.venv/bin/python benchmarks/render.py [--seconds 15] [--runs 3]``. CPU time, not wall time, so that other work on the
machine does not count; the encoder is held to one thread by the renderer itself.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from airflow_provider_omnihuman.emulator.pictures import read_portrait
from airflow_provider_omnihuman.emulator.render import Scene, render
from airflow_provider_omnihuman.emulator.sound import decode_sound
from airflow_provider_omnihuman.emulator.subjects import find_subjects
from airflow_provider_omnihuman.speech.local import LocalSpeechEngine

PORTRAIT = Path(__file__).parent.parent / "dags" / "portraits" / "presenter.png"
SENTENCE = "Good morning. This is the news of the day, read by a picture. "


def times_real_time(seconds: float, *, resolution: int, fast: bool) -> float:
    """Render once; return seconds of video per second of CPU time."""
    speech = LocalSpeechEngine(audio_format="wav").synthesize(SENTENCE * max(1, round(seconds / 3.4)), voice="en")
    portrait, sound = read_portrait(PORTRAIT.read_bytes()), decode_sound(speech.data)
    scene = Scene(portrait.image, find_subjects(portrait), sound, resolution=resolution, seed=7, fast=fast)
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        length_s = render(scene, Path(folder) / "film.mp4")
        return length_s / (time.process_time() - started)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="length of the film")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    table = Table("resolution", "pe_fast_mode", "× real time, median", "spread")
    for resolution in (720, 1080):
        for fast in (False, True):
            runs = [times_real_time(arguments.seconds, resolution=resolution, fast=fast) for _ in range(arguments.runs)]
            spread = f"{min(runs):.1f} to {max(runs):.1f}"
            table.add_row(str(resolution), str(fast).lower(), f"{statistics.median(runs):.1f}", spread)
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
