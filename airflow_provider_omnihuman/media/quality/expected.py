"""What a film should be, and how far off it may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Expected", "Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What was asked for; None for what nobody knows.

    :param short_side: pixels
    :param fps: pictures a second
    :param audio_s: length of the audio, seconds, where the audio itself is not at hand
    :param aigc_meta: the AIGC label, under the API's names; empty where none was asked for
    :param pauses: when each pause begins and ends for which the last picture is held, seconds
    :param no_audio: why there is no audio to compare with
    :param no_portrait: why there is no portrait to compare with
    """

    short_side: int | None = None
    fps: float | None = None
    audio_s: float | None = None
    aigc_meta: Mapping[str, str] | None = None
    pauses: Sequence[tuple[float, float]] = ()
    no_audio: str = "no audio_url is known"
    no_portrait: str = "no image_url is known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far off a film may be. Seconds, unless the name says otherwise.

    :param resolution_px: how much the short side may differ: models work in whole blocks of 16 pixels
    :param fps: how much the pictures a second may differ
    :param duration_s: how much film and audio may differ in length
    :param sound_offset_s: how early or late the sound may come; EBU R37 has an end product within 40 ms early and 60 ms late
    :param sound_likeness: the same sound has 0.9 to 1 after any codec, another one 0.2 at most; half of each 0.5
    :param least_lufs: what is quieter is not understood beside other programmes, which have −24 to −14
    :param most_lufs: what is louder than that is distorted
    :param most_dbtp: the highest true peak; None for any
    :param black_s: how long the screen may be black
    :param frozen_s: how long the picture may stand still
    :param frozen_motion: levels of grey, of 255, by which the liveliest part of a picture must change, or it stands still
    :param foreign_s: how long a picture may be shown that is none of the portrait
    :param portrait_likeness: 1 is the portrait itself; a camera that moves far leaves 0.5, another picture has 0 to 0.3
    """

    resolution_px: float = 16
    fps: float = 0.5
    duration_s: float = 0.2
    sound_offset_s: float = 0.1
    sound_likeness: float = 0.4
    least_lufs: float = -35.0
    most_lufs: float = -8.0
    most_dbtp: float | None = None
    black_s: float = 1.0
    frozen_s: float = 1.0
    frozen_motion: float = 3.0
    foreign_s: float = 0.5
    portrait_likeness: float = 0.35
