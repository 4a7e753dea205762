"""What is in a clip that is to become a part of a film: its pictures' encoding, its times, its label."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.media.aigc_label import AigcLabel, label_in
from airflow_provider_omnihuman.media.container import VIDEO_FORMATS, Source, describe, first_stream, opened
from airflow_provider_omnihuman.media.errors import MediaError, TruncatedMediaError

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["ClipFacts", "difference", "read_clip"]

_USUAL_RATE = Fraction(25)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFacts:
    """A clip, read through once.

    :param codec: of the pictures, FFmpeg's name
    :param extradata: the decoder's settings: of H.264, the parameter sets (SPS, PPS)
    :param time_base: of the pictures' times
    :param rate: pictures a second, on average
    :param zero_s: where the clip begins, by the times in the file
    :param pictures_s: from there to the end of the last picture
    :param sound_at_s: from there to the beginning of its sound; None where it has none
    :param sound_s: how long its sound is by the header
    :param is_whole: whether each picture can be decoded by what comes before it, and none is to be hidden
    :param label: of the whole file
    """

    codec: str
    width: int
    height: int
    pixels: str
    extradata: bytes
    time_base: Fraction
    rate: Fraction
    zero_s: Fraction
    pictures_s: Fraction
    sound_at_s: Fraction | None
    sound_s: Fraction
    is_whole: bool
    label: AigcLabel | None

    @property
    def frame_s(self) -> float:
        """How long a picture is shown."""
        return float(1 / self.rate)

    @property
    def length_s(self) -> Fraction:
        """How long the clip is: as its pictures, unless its sound goes on for more than a picture."""
        sound_end_s = self.sound_s + (self.sound_at_s or 0)
        return max(self.pictures_s, sound_end_s) if sound_end_s > self.pictures_s + 1 / self.rate else self.pictures_s


def read_clip(source: Source, *, keeps_sound: bool = True) -> ClipFacts:
    """Read a clip through, without decoding it.

    :param source: a path, bytes, or a seekable file
    :param keeps_sound: whether its pictures are to stay in step with its own sound. Otherwise it begins with its first picture:
        where that is later in the file, it is by what the encoder looked ahead, and nothing told players of it
    :raises MediaError: it is no MP4, or has no pictures
    :raises TruncatedMediaError: pictures that its index lists are missing
    """
    with opened(source, VIDEO_FORMATS, "an MP4 video") as container:
        stream = first_stream(container, "video", source)
        codec = stream.codec_context
        if not codec.pix_fmt or not codec.width:
            raise MediaError("has pictures that cannot be decoded", source=describe(source))
        audio: Any = next((other for other in container.streams.audio if other.codec_context), None)
        start_s, end_s, is_whole = _times(container, stream, source)
        sound_start_s = None if audio is None else Fraction(audio.start_time or 0) * audio.time_base
        zero_s = start_s if sound_start_s is None or not keeps_sound else min(start_s, sound_start_s)
        return ClipFacts(
            codec=codec.codec.canonical_name,
            width=codec.width,
            height=codec.height,
            pixels=str(codec.pix_fmt),
            extradata=bytes(codec.extradata or b""),
            time_base=stream.time_base,
            rate=stream.average_rate or _USUAL_RATE,
            zero_s=zero_s,
            pictures_s=end_s - zero_s,
            sound_at_s=None if sound_start_s is None else sound_start_s - zero_s,
            sound_s=Fraction(0) if audio is None else Fraction(audio.duration or 0) * audio.time_base,
            is_whole=is_whole,
            label=label_in(container),
        )


def _times(container: InputContainer, stream: Any, source: Source) -> tuple[Fraction, Fraction, bool]:
    """Return when the first picture is shown, when the last one ends, and whether the pictures can be copied."""
    count, starts, end, is_whole = 0, None, 0, True
    for packet in container.demux(stream):
        if packet.pts is None or not packet.size:  # the empty packet that tells the end
            continue
        # An edit list that begins between key frames marks what is decoded and never shown.
        is_whole &= not packet.is_discard and (count > 0 or packet.is_keyframe)
        count += 1
        if not packet.is_discard:
            starts = packet.pts if starts is None else min(starts, packet.pts)
            end = max(end, packet.pts + (packet.duration or 0))
    if starts is None:
        raise MediaError("holds no pictures", source=describe(source))
    if count < stream.frames:
        raise TruncatedMediaError(
            f"breaks off after {count} of {stream.frames} pictures", source=describe(source), advice="fetch it again"
        )
    return starts * stream.time_base, end * stream.time_base, is_whole


def difference(first: ClipFacts, other: ClipFacts) -> str | None:
    """Return in what a clip differs from the first one so that both cannot lie in one track as they are; None in nothing.

    :param first: the first clip of the film
    :param other: the clip to compare
    """
    for its, firsts in (
        (f"{other.codec} video", f"{first.codec} video"),
        (f"{other.width}×{other.height} pixels", f"{first.width}×{first.height} pixels"),
        (f"in the pixel format {other.pixels}", f"in the pixel format {first.pixels}"),
    ):
        if its != firsts:
            return f"is {its}, and the first one {firsts}"
    if other.extradata != first.extradata:
        return "was encoded with other settings than the first one (its parameter sets differ)"
    return None if other.is_whole else "begins with pictures that are not to be shown (an edit list)"
