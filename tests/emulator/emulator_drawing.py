"""Draws the portraits and speaks the sounds that the tests give to the emulator."""

from __future__ import annotations

import io
import wave

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SKIN, HAIR, SHIRT, LIPS = (236, 196, 170), (72, 50, 40), (52, 92, 150), (196, 92, 92)


def draw_bust(draw, cx, cy, size, *, hair=HAIR, shirt=SHIRT):
    """Draw a person: ``size`` is half the head's width."""
    draw.ellipse([cx - 2.3 * size, cy + 1.75 * size, cx + 2.3 * size, cy + 6 * size], fill=shirt)
    draw.rectangle([cx - 0.42 * size, cy + 0.8 * size, cx + 0.42 * size, cy + 2.1 * size], fill=SKIN)
    draw.ellipse([cx - 1.08 * size, cy - 1.55 * size, cx + 1.08 * size, cy + 0.9 * size], fill=hair)
    draw.ellipse([cx - 0.9 * size, cy - 1.1 * size, cx + 0.9 * size, cy + 1.35 * size], fill=SKIN)
    for side in (-1, 1):
        x = cx + side * 0.38 * size
        draw.ellipse([x - 0.17 * size, cy - 0.12 * size, x + 0.17 * size, cy + 0.1 * size], fill="white")
        draw.ellipse([x - 0.08 * size, cy - 0.1 * size, x + 0.08 * size, cy + 0.08 * size], fill=(50, 40, 40))
        draw.arc([x - 0.25 * size, cy - 0.4 * size, x + 0.25 * size, cy], 200, 340, fill=hair, width=int(size / 14))
    draw.line([cx, cy + 0.1 * size, cx - 0.08 * size, cy + 0.42 * size], fill=(205, 160, 138), width=int(size / 16))
    draw.ellipse([cx - 0.32 * size, cy + 0.68 * size, cx + 0.32 * size, cy + 0.82 * size], fill=LIPS)


def as_bytes(image, picture_format="PNG"):
    target = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(0.8)).save(target, picture_format)
    return target.getvalue()


def background(width, height):
    ramp = np.linspace((232, 236, 240), (176, 188, 204), height)[:, None, :]
    return Image.fromarray(np.broadcast_to(ramp, (height, width, 3)).astype(np.uint8))


def portrait_png(width=600, height=800):
    image = background(width, height)
    draw_bust(ImageDraw.Draw(image), width / 2, height * 0.42, width * 0.2)
    return as_bytes(image)


def duo_png(width=1000, height=640):
    image = background(width, height)
    draw = ImageDraw.Draw(image)
    draw_bust(draw, width * 0.25, height * 0.4, width * 0.09)
    draw_bust(draw, width * 0.74, height * 0.45, width * 0.075, hair=(170, 120, 60), shirt=(150, 60, 70))
    return as_bytes(image)


def empty_png(width=640, height=480):
    return as_bytes(background(width, height))


def voice_wav(duration_s, rate=16000):
    """A buzzing voice: half a second of syllable, half a second of silence, and so on."""
    t = np.arange(int(duration_s * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 140 * harmonic * t) / harmonic for harmonic in range(1, 8))
    loud = ((t % 1.0) < 0.5) * np.abs(np.sin(2 * np.pi * 2 * t))
    samples = (buzz * loud * 9000).astype("<i2")
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return target.getvalue()
