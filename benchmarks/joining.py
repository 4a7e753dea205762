"""Long talks: clips joined to a film, and an hour of audio split, beside what users do otherwise."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import tempfile
import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from joining_variants import FILM, TALK, clips_in
from measuring import Goal, Measure, Report, Spread, interleaved, options, ratio

HERE = Path(__file__).parent
RATE, FPS = 16_000, 25
OURS, ANEW, CONCAT, EDITOR = "ours", "ours_anew", "concat_demuxer", "editor"
SPLIT, IN_MEMORY = "split", "split_in_memory"
NAMES = {
    OURS: "join_videos, clips alike: pictures copied",
    ANEW: "join_videos, one clip of another size: encoded anew",
    CONCAT: "ffmpeg's concat demuxer, all packets copied",
    EDITOR: "as editing libraries do: decoded and encoded",
    SPLIT: "split_audio",
    IN_MEMORY: "the whole sound in memory, then slices",
}
METHOD = (
    "Each run is a process of its own; CPU is that process's, memory its peak RSS over what it had after all imports. The clips "
    "are as the emulator renders them ({size[0]}×{size[1]}, 25 pictures a second, H.264 and AAC); each begins with a white "
    "picture and a beep, and lasts no whole number of pictures, as pieces of a talk do. The offset is that of flash and beep "
    "where the last clip begins. Ours sets the original audio under the film, the others have the clips' own. The talk that is "
    "split is speech-like sound at 16 kHz, one channel."
)


def make_material(folder: Path, *, clips: int, seconds: float, size: tuple[int, int]) -> None:
    """Write the clips, one of another size, and the audio that they are of."""
    lengths = [seconds + 0.013 * (number % 3) for number in range(clips)]
    sounds = [beep(length) for length in lengths]
    for number, sound in enumerate(sounds):
        make_clip(folder / f"clip-{number:02d}.mp4", sound, size)
    make_clip(folder / "other.mp4", sounds[-1], (size[0] // 4 * 2, size[1] // 4 * 2))
    write_wav(folder / TALK, np.concatenate(sounds))
    (folder / "lengths.json").write_text(json.dumps([len(sound) / RATE for sound in sounds]))


def beep(seconds: float) -> np.ndarray[Any, Any]:
    time_s = np.arange(round(seconds * RATE)) / RATE
    return (16000 * np.sin(2 * np.pi * 1000 * time_s) * (time_s < 0.1)).astype("int16")


def make_clip(path: Path, sound: np.ndarray[Any, Any], size: tuple[int, int]) -> None:
    width, height = size
    still = np.random.default_rng(1).integers(60, 120, (height // 4, width // 4), dtype="uint8").repeat(4, 0).repeat(4, 1)
    still = still[: height // 4 * 4, : width // 4 * 4]
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        pictures: Any = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "qp": "23"})
        (pictures.width, pictures.height), pictures.pix_fmt = (still.shape[1], still.shape[0]), "yuv420p"
        track: Any = container.add_stream("aac", rate=RATE, layout="mono", options={"aac_coder": "fast"})
        for number in range(-(-len(sound) * FPS // RATE)):
            gray = np.full_like(still, 235) if number == 0 else np.roll(still, number % 50, axis=1)
            frame = av.VideoFrame.from_ndarray(np.vstack([gray, np.full_like(gray[: len(gray) // 2], 128)]), format="yuv420p")
            frame.pts = number
            container.mux(pictures.encode(frame))
            some = sound[number * RATE // FPS : (number + 1) * RATE // FPS]
            heard = av.AudioFrame.from_ndarray(np.ascontiguousarray(some[None]), format="s16", layout="mono")
            heard.sample_rate, heard.pts, heard.time_base = RATE, number * RATE // FPS, Fraction(1, RATE)
            container.mux(track.encode(heard))
        container.mux(track.encode(None))
        container.mux(pictures.encode(None))


def write_wav(path: Path, *parts: np.ndarray[Any, Any]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        for part in parts:
            file.writeframes(part.tobytes())


def make_talk(path: Path, *, minutes: int) -> None:
    """Write sound that goes like speech, with a pause every eight seconds."""
    time_s = np.arange(8 * RATE) / RATE
    swell = (0.1 + np.abs(np.sin(np.pi * 4 * time_s))) * (time_s < 7.5)
    sentence = (9000 * swell * np.sin(2 * np.pi * 180 * time_s)).astype("int16")
    write_wav(path, *[sentence] * (minutes * 60 // 8))


def run(variant: str, folder: Path) -> Measure:
    """Run a variant in a process of its own; return its figures."""
    command = [sys.executable, str(HERE / "joining_variants.py"), variant, str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if result.returncode:
        raise RuntimeError(f"{variant} failed: {result.stderr[-2000:]}")
    figures: Measure = json.loads(result.stdout.splitlines()[-1])
    return {**figures, "offset_ms": offset_ms(folder)} if variant not in {SPLIT, IN_MEMORY} else figures


def offset_ms(folder: Path) -> float:
    """Return how far flash and beep of the last clip are apart in the film."""
    with av.open(str(folder / FILM)) as film:
        white = [float(frame.time or 0) for frame in film.decode(video=0) if frame.to_ndarray()[: frame.height].mean() > 200]
    with av.open(str(folder / FILM)) as film:
        blocks = [(float(frame.time or 0), frame.to_ndarray()[0], frame.sample_rate) for frame in film.decode(audio=0)]
    loud = [time_s + index / rate for time_s, some, rate in blocks for index in np.flatnonzero(np.abs(some) > 0.1)[:1]]
    begins = [at for before, at in zip([-1.0, *loud], loud, strict=False) if at - before > 0.3]
    assert len(white) == len(begins) == len(clips_in(folder)), (len(white), len(begins))
    return float(abs(white[-1] - begins[-1]) * 1000)


def add_rows(report: Report, taken: dict[str, dict[str, Spread]], *, what: str, minutes: float, beside: str) -> None:
    for variant, figures in taken.items():
        offset = figures.get("offset_ms")
        report.add(
            **{
                "work": what,
                "way": NAMES[variant],
                "CPU s/min": Spread(*(value / minutes for value in per(figures["cpu_s"])), figures["cpu_s"].runs),
                "× CPU": ratio(figures["cpu_s"], taken[beside]["cpu_s"]),
                "extra MB": figures["memory_mb"],
                "offset at the last joint, ms": offset,
            }
        )
    report.series[what] = {NAMES[variant]: figures for variant, figures in taken.items()}


def per(spread: Spread) -> tuple[float, float, float]:
    return spread.median, spread.low, spread.high


def measure(report: Report, *, clips: int, seconds: float, size: tuple[int, int], minutes: int, runs: int) -> None:
    with tempfile.TemporaryDirectory(prefix="joining-bench-") as name:
        folder = Path(name)
        make_material(folder, clips=clips, seconds=seconds, size=size)
        ways = {variant: functools.partial(run, variant, folder) for variant in (EDITOR, CONCAT, ANEW, OURS)}
        joined = interleaved(ways, runs=runs)
        what = f"joining {clips} clips of {seconds:g} s"
        add_rows(report, joined, what=what, minutes=clips * seconds / 60, beside=EDITOR)
        make_talk(folder / TALK, minutes=minutes)
        split = interleaved({variant: functools.partial(run, variant, folder) for variant in (IN_MEMORY, SPLIT)}, runs=runs)
        add_rows(report, split, what=f"splitting {minutes} minutes", minutes=minutes, beside=IN_MEMORY)
    report.goals += [
        Goal("CPU of decoding and encoding, clips alike", ratio(joined[OURS]["cpu_s"], joined[EDITOR]["cpu_s"]).median, 0.2),
        Goal("offset at the last joint, ms: a picture", joined[OURS]["offset_ms"].median, 1000 / FPS),
        Goal(f"extra memory of splitting {minutes} minutes, MB", split[SPLIT]["memory_mb"].median, 60),
    ]


def main() -> int:
    arguments = options(__doc__)
    is_quick = arguments.quick
    size = (320, 180) if is_quick else (1280, 720)
    report = Report(
        name="joining",
        title="Long talks: splitting and joining",
        method=METHOD.format(size=size),
        columns=["work", "way", "CPU s/min", "× CPU", "extra MB", "offset at the last joint, ms"],
        quick=is_quick,
    )
    many = {"clips": 4, "seconds": 2.0, "minutes": 10} if is_quick else {"clips": 20, "seconds": 10.0, "minutes": 60}
    measure(report, size=size, runs=1 if is_quick else arguments.runs, **many)
    report.finish(folder=arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
