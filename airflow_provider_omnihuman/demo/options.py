"""What the command line of the demo offers."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_DAG = "script_to_avatar_video"


@dataclass(frozen=True, slots=True)
class Options:
    """The choices of one call.

    :param dag: the Dag to run.
    :param list_dags: only tell which Dags there are.
    :param conf: what differs from the Dag's own parameters.
    :param image: a picture's path or address; empty for the Dag's own.
    :param speed: how many times faster than real the emulator works.
    :param work_dir: the working folder.
    :param dags: the folder with the Dag.
    :param output: the folder for the copies; the working folder's own when ``None``.
    :param poster: where to save a small picture of the result; nowhere when ``None``.
    :param keep: leave everything running.
    """

    dag: str
    list_dags: bool
    conf: dict[str, Any]
    image: str
    speed: float
    work_dir: Path
    dags: Path
    output: Path | None
    poster: Path | None
    keep: bool


def read_options(arguments: Sequence[str] | None) -> Options:
    """Read the command line; ends the program on a bad one.

    :param arguments: the words after the command; the process's own when ``None``.
    """
    parsed = _parser().parse_args(arguments)
    given = {"text": parsed.text, "voice": parsed.voice, "output_resolution": parsed.resolution}
    return Options(
        dag=parsed.dag,
        list_dags=parsed.list,
        conf={name: choice for name, choice in given.items() if choice is not None},
        image=parsed.image,
        speed=parsed.speed,
        work_dir=parsed.dir,
        dags=parsed.dags,
        output=parsed.output,
        poster=parsed.poster,
        keep=parsed.keep,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="omnihuman-demo",
        description="A script becomes a talking-avatar video in S3, through a real Airflow on this machine. "
        "The emulator stands in for the paid service.",
    )
    parser.add_argument("--dag", default=DEFAULT_DAG, help=f"which Dag to run (default: {DEFAULT_DAG})")
    parser.add_argument("--list", action="store_true", help="tell which Dags there are, and end")
    parser.add_argument("--text", help="what the avatar says")
    parser.add_argument("--image", default="", help="the portrait: a JPEG or PNG file, or an s3:// or http(s):// address")
    parser.add_argument("--voice", help="the speaker, in the speech engine's own words")
    parser.add_argument("--resolution", type=int, choices=(720, 1080), help="lines of the video")
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C; print the login")
    parser.add_argument("--speed", type=_positive, default=60.0, help="how much faster than real the emulator works")
    parser.add_argument("--output", type=Path, help="where the copy of the video goes (default: DIR/output)")
    parser.add_argument("--poster", type=Path, help="save a small picture of the result here, as JPEG")
    parser.add_argument("--dir", type=Path, default=Path(".demo"), help="the working folder (default: .demo)")
    parser.add_argument("--dags", type=Path, default=Path("dags"), help="the folder with the Dags (default: dags)")
    return parser


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number
