"""What is in a file: measured on its content, since headers lie."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.media.container import (
    AUDIO_FORMATS,
    IMAGE_FORMATS,
    VIDEO_FORMATS,
    Source,
    describe,
    first_stream,
    opened,
    refuse_what_breaks_off,
    short_name,
)
from airflow_provider_omnihuman.media.errors import MediaError, TruncatedMediaError

if TYPE_CHECKING:
    from av.container import InputContainer


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What a sound file holds.

    :param duration_s: counted in decoded samples.
    :param sample_rate: in Hz, as decoded.
    :param codec: FFmpeg's name, such as ``mp3``, ``aac``, ``pcm_s16le``.
    :param format: FFmpeg's short name of the container, such as ``mp3``, ``wav``, ``mov``.
    """

    duration_s: float
    sample_rate: int
    channels: int
    codec: str
    format: str


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What a picture is: it was decoded whole.

    :param width: in pixels.
    :param height: in pixels.
    :param format: ``png``, ``jpeg``, ``webp``, ``bmp``, ``tiff`` or ``gif``.
    :param bytes: the size of the file.
    """

    width: int
    height: int
    format: str
    bytes: int


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What a film is: every packet of its picture track was there.

    :param duration_s: from the first picture to the end of the last one.
    :param fps: pictures a second, on average.
    :param audio_codec: ``None`` for a silent film.
    :param frames: how many pictures.
    """

    duration_s: float
    width: int
    height: int
    fps: float
    video_codec: str
    audio_codec: str | None
    frames: int

    @property
    def has_audio(self) -> bool:
        """Whether there is a sound track."""
        return self.audio_codec is not None


def probe_audio(source: Source) -> AudioFacts:
    """Decode a sound file once, in constant memory, and return its facts.

    :param source: a path, bytes, or a seekable file.
    :raises MediaError: it cannot be decoded, or its end is missing where its header tells so.
    """
    with opened(source, AUDIO_FORMATS, "audio") as container:
        stream = first_stream(container, "audio", source)
        samples = _count_samples(container, stream)
        if not samples:
            raise MediaError("holds no audio that can be decoded", source=describe(source))
        duration_s = sum(count / rate for rate, count in samples.items())
        refuse_what_breaks_off(container, stream, duration_s, source)
        codec = stream.codec_context
        rate = samples.most_common(1)[0][0]
        return AudioFacts(duration_s, rate, codec.channels, codec.codec.canonical_name, short_name(container))


def _count_samples(container: InputContainer, stream: Any) -> Counter[int]:
    """Return the number of decoded samples at each sample rate."""
    from av import FFmpegError

    samples: Counter[int] = Counter()
    for packet in container.demux(stream):
        try:
            for frame in packet.decode():
                samples[frame.sample_rate] += frame.samples
        except FFmpegError:  # players skip a damaged packet too
            continue
    return samples


def probe_image(source: Source) -> ImageFacts:
    """Decode a picture and return its facts.

    :param source: a path, bytes, or a seekable file.
    :raises MediaError: it is no picture, or not a whole one.
    """
    with opened(source, IMAGE_FORMATS, "a picture") as container:
        stream = first_stream(container, "video", source)
        # Without it, the missing part of a truncated picture is painted grey.
        stream.codec_context.options = {"err_detect": "explode"}
        frame: Any = next(container.decode(stream), None)
        if frame is None or frame.is_corrupt:
            raise MediaError("holds no picture that can be decoded", source=describe(source))
        kind = short_name(container).removesuffix("_pipe").replace("mjpeg", "jpeg")
        return ImageFacts(frame.width, frame.height, kind, container.size)


def probe_video(source: Source) -> VideoFacts:
    """Read an MP4 through, decode its first picture, and return its facts.

    :param source: a path, bytes, or a seekable file.
    :raises MediaError: it is no MP4, or has no picture track.
    :raises TruncatedMediaError: pictures that its index lists are missing.
    """
    with opened(source, VIDEO_FORMATS, "an MP4 video") as container:
        stream = first_stream(container, "video", source)
        audio = next((s.codec_context for s in container.streams.audio if s.codec_context), None)
        first_picture: Any = next(container.decode(stream), None)
        if first_picture is None:
            raise MediaError("holds no picture that can be decoded", source=describe(source))
        container.seek(0)
        frames, duration_s = _count_pictures(container, stream)
        if frames < stream.frames:
            raise TruncatedMediaError(
                f"breaks off after {frames} of {stream.frames} pictures",
                source=describe(source),
                advice="fetch it again",
            )
        return VideoFacts(
            duration_s=duration_s,
            width=first_picture.width,
            height=first_picture.height,
            fps=float(stream.average_rate or 0),
            video_codec=stream.codec_context.codec.canonical_name,
            audio_codec=audio.codec.canonical_name if audio else None,
            frames=frames,
        )


def _count_pictures(container: InputContainer, stream: Any) -> tuple[int, float]:
    """Return the number of packets of a picture track, and the seconds they span."""
    frames, start, end = 0, None, 0
    for packet in container.demux(stream):
        if packet.pts is None or not packet.size:  # the empty packet that tells the end
            continue
        frames += 1
        start = packet.pts if start is None else min(start, packet.pts)
        end = max(end, packet.pts + (packet.duration or 0))
    return frames, float((end - (start or 0)) * stream.time_base)
