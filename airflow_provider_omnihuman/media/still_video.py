"""A film of one picture that stands still while somebody speaks: what is shown where nothing could be rendered."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.media.container import AUDIO_FORMATS, IMAGE_FORMATS, Source, describe, first_stream, opened
from airflow_provider_omnihuman.media.errors import MediaError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

__all__ = ["still_video"]

_FPS = 25
_SAMPLE_RATE = 48_000
_LONGEST_SIDE = 3840
# A picture that stands still is coded once, and then as "no change": the fastest preset is good enough.
_PICTURE = {"preset": "ultrafast", "tune": "stillimage", "crf": "20", "g": str(2 * _FPS)}
# Without use_metadata_tags, FFmpeg drops the AIGC label; faststart lets browsers play before all is there.
_FILE = {"movflags": "use_metadata_tags+faststart"}


def still_video(picture: Source, sound: Source, target: Path, *, short_side: int = 720, label: str | None = None) -> float:
    """Write an MP4 (H.264, AAC) that lasts as long as its sound; return its seconds.

    :param picture: JPG or PNG
    :param sound: speech in any format that is known
    :param target: the file to write
    :param short_side: of the film, in pixels; the picture is scaled, not cropped
    :param label: the AIGC label to write, as JSON text
    :raises MediaError: a file cannot be read
    """
    import av

    frame = _scaled(picture, short_side)
    with (
        opened(sound, AUDIO_FORMATS, "a sound file") as heard,
        av.open(str(target), "w", format="mp4", options=_FILE) as film,
    ):
        if label:
            film.metadata["AIGC"] = label
        samples = _write(film, frame, heard, first_stream(heard, "audio", sound))
    if not samples:
        raise MediaError("holds no sound that can be decoded", source=describe(sound))
    return samples / _SAMPLE_RATE


def _scaled(picture: Source, short_side: int) -> VideoFrame:
    with opened(picture, IMAGE_FORMATS, "a picture") as container:
        frame = next(container.decode(first_stream(container, "video", picture)), None)
        if frame is None:
            raise MediaError("holds no picture that can be decoded", source=describe(picture))
        factor = min(short_side / min(frame.width, frame.height), _LONGEST_SIDE / max(frame.width, frame.height))
        width, height = (max(2, round(side * factor / 2) * 2) for side in (frame.width, frame.height))
        scaled: VideoFrame = frame.reformat(width, height, format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        return scaled


def _write(film: Any, frame: VideoFrame, heard: InputContainer, sound: Any) -> int:
    """Write both streams side by side; return how many samples were heard."""
    from av import AudioResampler

    video = film.add_stream("libx264", rate=_FPS, options=_PICTURE)
    video.width, video.height, video.pix_fmt = frame.width, frame.height, "yuv420p"
    frame.time_base = video.codec_context.time_base = Fraction(1, _FPS)
    layout = "mono" if sound.codec_context.channels == 1 else "stereo"
    audio = film.add_stream("aac", rate=_SAMPLE_RATE, layout=layout)
    resampler, samples, pictures = AudioResampler("fltp", layout, _SAMPLE_RATE), 0, 0
    for decoded in chain(heard.decode(sound), [None]):
        for piece in resampler.resample(decoded):
            piece.pts, samples = samples, samples + piece.samples
            film.mux(audio.encode(piece))
        while pictures * _SAMPLE_RATE < samples * _FPS:
            frame.pts, pictures = pictures, pictures + 1
            film.mux(video.encode(frame))
    for stream in (audio, video):
        film.mux(stream.encode(None))
    return samples
