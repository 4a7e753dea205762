"""Renders the video: the portrait, moved by the sound, encoded as H.264 and AAC."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from airflow_provider_omnihuman.emulator.animation import Actor
from airflow_provider_omnihuman.emulator.face import find_face
from airflow_provider_omnihuman.emulator.planes import Canvas, Planes, read_planes
from airflow_provider_omnihuman.emulator.sound import SAMPLE_RATE, Sound
from airflow_provider_omnihuman.emulator.spoiling import Spoil, Spoiler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

FPS = 25
_TURN_S = 4.8
_PHASES = 40
_FAST_PHASES = 12


class RenderingStoppedError(Exception):
    """The emulator is shutting down."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be rendered.

    :param masks: the subjects that speak, in the portrait's size.
    :param resolution: the short side in pixels.
    :param seed: the same seed and inputs give the same bytes.
    :param fast: coarser movement, quicker encoding.
    :param spoil: what shall be wrong with the film.
    """

    image: Image.Image = field(repr=False)
    masks: list[NDArray[np.bool_]] = field(repr=False)
    sound: Sound
    resolution: int
    seed: int
    fast: bool = False
    spoil: Spoil | None = None


def render(scene: Scene, path: Path, *, stopped: Callable[[], bool] = lambda: False) -> float:
    """Write the video and return its length in seconds.

    :param stopped: asked at every frame whether to give up.
    """
    still = _scale(scene.image, scene.resolution)
    spoiler = Spoiler(scene.spoil, fps=FPS)
    heard = spoiler.muffled(scene.sound)
    with av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as container:
        video = _add_video(container, still.size, fast=scene.fast)
        audio = _add_audio(container, scene.sound)
        frames = 0
        for frame in _animate(scene, still, spoiler):
            if stopped():
                raise RenderingStoppedError
            container.mux(video.encode(frame))
            _mux_sound(container, audio, heard, frames)
            frames += 1
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return frames / FPS


def _animate(scene: Scene, still: Image.Image, spoiler: Spoiler) -> Iterator[av.VideoFrame]:
    """Yield the frames; it is the same one each time, drawn anew."""
    chance = random.Random(scene.seed)  # noqa: S311 -- a film wants repeatable chance
    base, canvas, rgb = read_planes(still), Canvas(*still.size), np.asarray(still)
    actors = [Actor(find_face(rgb, _scale_mask(mask, still.size)), base) for mask in scene.masks]
    start, vigour = chance.random(), chance.uniform(0.85, 1.0)
    phases = _FAST_PHASES if scene.fast else _PHASES
    posed: dict[float, Planes] = {}
    for index, opening in enumerate(scene.sound.openings(FPS) * vigour):
        phase = round((index / (FPS * _TURN_S) + start) * phases) / phases
        # On its way back the head passes the same positions, which halves the pictures to be bent.
        position = round(math.sin(2 * math.pi * phase), 6)
        if position not in posed:
            posed[position] = base.copy()
            for actor in actors:
                actor.swing(posed[position], position)
        canvas.planes.paint_over(posed[position])
        for actor in actors:
            actor.speak(canvas.planes, position, float(opening))
        spoiler.draw_over(canvas.planes, index)
        canvas.frame.pts = index
        yield canvas.frame


def _scale(image: Image.Image, resolution: int) -> Image.Image:
    """Bring the short side to the resolution, both sides to even numbers, and mark the picture."""
    factor = resolution / min(image.size)
    width, height = (max(2, round(side * factor / 2) * 2) for side in image.size)
    still = image.resize((width, height), Image.Resampling.LANCZOS)
    font = ImageFont.load_default(resolution // 40)
    corner = (width - resolution // 40, height - resolution // 50)
    draw = ImageDraw.Draw(still, "RGBA")
    draw.text(corner, "emulator", (255, 255, 255, 150), font, anchor="rs", stroke_width=1, stroke_fill=(0, 0, 0, 70))
    return still


def _scale_mask(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    return np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))


def _add_video(container: Any, size: tuple[int, int], *, fast: bool) -> Any:
    # A constant quantiser spares the rate control, a fifth of the time, and a drawing does not need it.
    options = {"preset": "ultrafast", "qp": "28" if fast else "23"}
    stream = container.add_stream("libx264", rate=FPS, options=options)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    # One thread: the same bytes every time, and the rest of the machine stays free.
    stream.codec_context.thread_count = 1
    stream.codec_context.time_base = Fraction(1, FPS)
    return stream


def _add_audio(container: Any, sound: Sound) -> Any:
    layout = "mono" if sound.samples.shape[0] == 1 else "stereo"
    stream = container.add_stream("aac", rate=SAMPLE_RATE, layout=layout, options={"aac_coder": "fast"})
    stream.bit_rate = 128_000
    return stream


def _mux_sound(container: Any, stream: Any, sound: Sound, frame_index: int) -> None:
    """Encode the sound that belongs to one picture, so that both lie side by side in the file."""
    first, last = (index * SAMPLE_RATE // FPS for index in (frame_index, frame_index + 1))
    samples = np.ascontiguousarray(sound.samples[:, first:last])
    if not samples.shape[1]:
        return
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=stream.codec_context.layout.name)
    frame.sample_rate = SAMPLE_RATE
    frame.pts = first
    container.mux(stream.encode(frame))
