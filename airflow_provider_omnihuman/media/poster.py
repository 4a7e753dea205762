"""A still picture that stands for a video."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.media.container import VIDEO_FORMATS, Source, describe, first_stream, opened
from airflow_provider_omnihuman.media.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.video.frame import VideoFrame

# Where to look, as parts of the duration: the first choice, then elsewhere if it is black or empty.
_PLACES = (1 / 3, 1 / 2, 2 / 3, 1 / 6, 5 / 6, 0)
# Standard deviation of the luminance (0 to 255): a black or plain picture has next to none.
_ENOUGH_CONTRAST = 12.0
_THUMBNAIL = (64, 36)
# Scale of mjpeg: 2 best, 31 worst.
_QUALITY = "3"


def poster_jpeg(source: Source) -> bytes:
    """Return a JPEG of the picture a third into an MP4, or of another one if that is black.

    :param source: a path, bytes, or a seekable file.
    :raises MediaError: it is no MP4, or none of its pictures can be decoded.
    """
    with opened(source, VIDEO_FORMATS, "an MP4 video") as container:
        best: tuple[float, VideoFrame] | None = None
        for frame in _candidates(container, first_stream(container, "video", source)):
            contrast = _contrast(frame)
            if best is None or contrast > best[0]:
                best = contrast, frame
            if contrast >= _ENOUGH_CONTRAST:
                break
        if best is None:
            raise MediaError("holds no picture that can be decoded", source=describe(source))
        return _encode(best[1])


def _candidates(container: InputContainer, stream: Any) -> Iterator[VideoFrame]:
    from av import FFmpegError

    start, duration = stream.start_time or 0, stream.duration or 0
    for part in _PLACES:
        wanted = start + int(duration * part)
        try:
            container.seek(wanted, stream=stream)  # to the key frame before it
            frame = next((f for f in container.decode(stream) if (f.pts or 0) >= wanted), None)
        except FFmpegError:  # a damaged stretch: the next place may do
            continue
        if frame is not None:
            yield frame


def _contrast(frame: VideoFrame) -> float:
    width, height = _THUMBNAIL
    plane = frame.reformat(width, height, format="gray").planes[0]
    rows = bytes(plane)
    luminance = b"".join(rows[y * plane.line_size :][:width] for y in range(height))
    mean = sum(luminance) / len(luminance)
    return float((sum((value - mean) ** 2 for value in luminance) / len(luminance)) ** 0.5)


def _encode(frame: VideoFrame) -> bytes:
    import av

    picture = frame.reformat(format="yuvj420p")
    encoder: Any = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height = frame.width, frame.height
    encoder.pix_fmt, encoder.time_base = picture.format.name, Fraction(1)
    encoder.options = {"qmin": _QUALITY, "qmax": _QUALITY}
    picture.pts, picture.time_base = 0, Fraction(1)
    return b"".join(bytes(packet) for packet in [*encoder.encode(picture), *encoder.encode(None)])
