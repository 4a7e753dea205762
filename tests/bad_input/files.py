"""The files that cases point to: good ones, and one for each way to be unusable."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image

from tests.conftest import BUCKET, PROJECT


def portrait() -> bytes:
    return (PROJECT / "dags" / "portraits" / "presenter.png").read_bytes()


def picture(file_format: str, size: tuple[int, int] = (320, 180)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (200, 210, 220)).save(file, file_format)
    return file.getvalue()


def tone(seconds: float, rate: int = 8000) -> bytes:
    """A WAV file of that length."""
    file = io.BytesIO()
    with wave.open(file, "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(rate)
        audio.writeframes((8000 * np.sin(np.arange(int(seconds * rate)) / 6)).astype("<i2").tobytes())
    return file.getvalue()


def film() -> bytes:
    """An MP4 with pictures and no sound."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height = 64, 64
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    return file.getvalue()


def uri(name: str) -> str:
    """Where a file of ``FILES`` lies."""
    return f"s3://{BUCKET}/in/{name}"


FILES: dict[str, Callable[[], bytes]] = {
    "portrait.png": portrait,
    "speech.wav": partial(tone, 1.2),
    "ten-seconds.wav": partial(tone, 10),
    "exactly-60-s.wav": partial(tone, 60),
    "61-s.wav": partial(tone, 61),
    "no-samples.wav": partial(tone, 0),
    "6-mb.png": lambda: portrait() + bytes(6 * 1024**2),
    "wide.png": partial(picture, "PNG", (4096, 8)),
    "tall.jpg": partial(picture, "JPEG", (8, 5000)),
    "picture.webp": partial(picture, "WEBP"),
    "picture.gif": partial(picture, "GIF"),
    "picture.bmp": partial(picture, "BMP"),
    "picture.tiff": partial(picture, "TIFF"),
    "half.png": lambda: portrait()[:4000],
    "empty": bytes,
    "error-page.png": lambda: b"<html><h1>404 Not Found</h1></html>",
    "error.json": lambda: b'{"error": "not found"}',
    "report.pdf": lambda: b"%PDF-1.7\n" + bytes(2000),
    "silent.mp4": film,
    "playlist.m3u8": lambda: b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/part.ts\n",
    "notes.txt": lambda: b"Guten Abend, meine Damen und Herren. " * 40,
}
