"""Small films of a drawn head that speaks, and what can be wrong with them."""

from __future__ import annotations

import io
import json
import math
import wave
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw

SIZE = (320, 180)
FPS = 25
RATE = 24000
SECONDS = 6.0
LABEL = {"producer_id": "producer-1", "content_propagator": "propagator-1"}
TAGS = {"AIGC": json.dumps({"Label": "1", "ProduceID": "producer-1", "ContentPropagator": "propagator-1"})}


def speech(seed: int = 1, seconds: float = SECONDS, *, dbfs: float = -20.0) -> np.ndarray:
    """Return samples that are to the ear (and to a codec) much like speech: syllables of a voice, and hisses between them."""
    chance = np.random.default_rng(seed)
    samples = np.zeros(int(seconds * RATE))
    at = 0.0
    while at < seconds - 0.05:
        length = chance.uniform(0.1, 0.3)
        time_s = np.arange(int(length * RATE)) / RATE
        if chance.random() < 0.25:
            syllable = chance.normal(0, 0.3, time_s.size)
        else:
            pitch = chance.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * chance.uniform(1, 4) * time_s))
            phase = 2 * np.pi * np.cumsum(pitch) / RATE
            syllable = sum(np.sin(k * phase + chance.uniform(0, 6)) * chance.uniform(0, 1) / k**0.5 for k in range(1, 20))
        syllable = syllable * np.hanning(time_s.size)
        start = int(at * RATE)
        samples[start : start + syllable.size] += syllable[: samples.size - start]
        at += length * chance.uniform(0.8, 1.3)
    return samples * 10 ** (dbfs / 20) / np.sqrt((samples**2).mean())


def wav(samples: np.ndarray) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(RATE)
        audio.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


@cache
def head(number: int = 0, *, size: tuple[int, int] = SIZE, swing: float = 1.0, mouth: float = 1.0) -> Image.Image:
    """Return the picture of this number: the head swings, the mouth opens and shuts."""
    width, height = size
    image = Image.new("RGB", size, (214, 222, 230))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 0.85, width, height), fill=(90, 70, 60))
    x = width * (0.5 + 0.02 * swing * math.sin(2 * math.pi * number / 60))
    draw.ellipse((x - height * 0.45, height * 0.7, x + height * 0.45, height * 1.4), fill=(40, 60, 120))
    draw.ellipse((x - height * 0.24, height * 0.1, x + height * 0.24, height * 0.75), fill=(224, 180, 150))
    for side in (-1, 1):
        eye = x + side * height * 0.1
        draw.ellipse((eye - 4, height * 0.35, eye + 4, height * 0.35 + 6), fill=(40, 30, 30))
    gap = 1 + mouth * abs(math.sin(number / 2)) * height * 0.05
    draw.ellipse((x - height * 0.06, height * 0.56 - gap / 2, x + height * 0.06, height * 0.56 + gap / 2), fill=(110, 30, 40))
    return image


def card(text: str = "This content is\nnot available", colour: str = "white") -> Image.Image:
    image = Image.new("RGB", SIZE, colour)
    ImageDraw.Draw(image).text((90, 70), text, fill="black")
    return image


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def film(
    *,
    sound: np.ndarray | None,
    seconds: float = SECONDS,
    pictures: Callable[[int], Image.Image] = head,
    fps: int = FPS,
    ticks: Callable[[int], int] | None = None,
    bit_rate: int = 96_000,
    rate: int = 48_000,
    sound_at_s: float = 0.0,
    tags: dict[str, str] | None = None,
    **options: str,
) -> bytes:
    """Return an MP4.

    :param ticks: when each picture is shown, in parts of a second of fps; by default one after the other
    :param rate: that the sound is resampled to
    :param options: of the encoder
    """
    target = io.BytesIO()
    with av.open(target, "w", format="mp4", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata.update(tags or {})
        video: Any = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "qp": "23"} | options)
        video.width, video.height = pictures(0).size
        video.pix_fmt = "yuv420p"
        video.codec_context.time_base = Fraction(1, fps)
        audio: Any = (
            container.add_stream("aac", rate=rate, layout="mono", options={"aac_coder": "fast"}) if sound is not None else None
        )
        if audio:
            audio.bit_rate = bit_rate
        for number in range(round(seconds * fps)):
            frame = av.VideoFrame.from_image(pictures(number))
            frame.pts = ticks(number) if ticks else number
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio:
            _mux_sound(container, audio, sound, at_s=sound_at_s)
    return target.getvalue()


def _mux_sound(container: Any, audio: Any, sound: np.ndarray, *, at_s: float) -> None:
    frame = av.AudioFrame.from_ndarray((np.clip(sound, -1, 1)[None]).astype(np.float32), format="fltp", layout="mono")
    frame.sample_rate = RATE
    frame.pts, frame.time_base = None, Fraction(1, RATE)
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=audio.rate)
    at = round(at_s * audio.rate)
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        piece.pts, piece.time_base = at, Fraction(1, audio.rate)
        at += piece.samples
        container.mux(audio.encode(piece))
    container.mux(audio.encode(None))
