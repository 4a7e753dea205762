"""What the demo prints at its end, and the picture that it can leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_omnihuman.demo.failures import DemoError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from airflow_provider_omnihuman.demo.verification import VerifiedVideo

__all__ = ["print_result", "save_poster"]

_WIDTH, _HEIGHT, _QUALITY = 480, 270, 80
_AT_MOST = 4


def print_result(
    dag_id: str, videos: Sequence[VerifiedVideo], *, billed_s: float, seconds: float, reports: Sequence[Path] = ()
) -> None:
    """Print where the videos are, and what was proved of them.

    :param dag_id: the Dag that made them.
    :param videos: each was verified.
    :param billed_s: what the emulator would be paid for, seconds of video.
    :param seconds: how long all of it took.
    :param reports: the copies of pages that the Dag wrote about them.
    """
    tasks = list(filter(None, (video.task_id for video in videos)))
    proved = "bytes and sha256 equal the manifest's, every frame can be decoded"
    if labels := sum(video.labelled for video in videos):
        proved += f"; the AIGC label is in {_of(labels, len(videos))}"
    lines = {
        "Dag": [dag_id],
        "archived": [video.uri for video in videos],
        "task id": tasks,
        "billed": [f"{billed_s:.1f} s of video (by the emulator: nothing was paid)"],
        "video": [f"{video.local} ({video.duration_s:.1f} s)" for video in videos],
        "poster": [str(video.poster or "none") for video in videos],
        "report": [str(report) for report in reports],
        "verified": [proved],
        "took": [f"{seconds:.0f} s"],
    }
    print()
    for name, texts in lines.items():
        for index, text in enumerate(texts):
            print(f"{'' if index else name:9} {text}")


def save_poster(videos: Sequence[VerifiedVideo], target: Path) -> None:
    """Save one small picture of the videos: the poster, or the middle of several, side by side; from four on, of four.

    :param videos: each was verified.
    :param target: the JPEG to write.
    """
    from PIL import Image, ImageOps

    posters = [video.poster for video in videos if video.poster][:_AT_MOST]
    if not posters:
        raise DemoError("there is no poster to save: none of the videos has one")
    columns = len(posters) if len(posters) < _AT_MOST else _AT_MOST // 2
    width, height = _WIDTH // columns, _HEIGHT * columns // len(posters)
    picture = Image.new("RGB", (_WIDTH, _HEIGHT))
    for index, poster in enumerate(posters):
        with Image.open(poster) as opened:
            tile = ImageOps.fit(opened, (width, height))
        picture.paste(tile, (index % columns * width, index // columns * height))
    target.parent.mkdir(parents=True, exist_ok=True)
    picture.save(target, quality=_QUALITY)


def _of(some: int, all_of_them: int) -> str:
    return "it" if all_of_them == 1 else f"{some} of {all_of_them}"
