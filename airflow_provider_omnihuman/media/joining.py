"""Clips become one film: their pictures untouched where they fit together, one sound track, the AIGC label carried over."""

from __future__ import annotations

import heapq
import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.media.aigc_label import AIGC_KEY, label_of_all, read_aigc_label
from airflow_provider_omnihuman.media.clip_facts import ClipFacts, difference, read_clip
from airflow_provider_omnihuman.media.container import Source, describe
from airflow_provider_omnihuman.media.errors import MediaError
from airflow_provider_omnihuman.media.film_pictures import Shot, add_copied_stream, add_encoded_stream, copied, encoded
from airflow_provider_omnihuman.media.film_sound import SoundPart, add_sound_stream, encoded_sound, form_of
from airflow_provider_omnihuman.media.probe import probe_audio

if TYPE_CHECKING:
    from av.container import OutputContainer

__all__ = ["Clip", "Joined", "join_videos"]

log = logging.getLogger(__name__)

_HELD_S = 1.0
"""A picture that stands still for longer is told of."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A part of a film.

    :param source: an MP4: a path or bytes; pictures and sound are read at once, so that one open file does not do
    :param duration_s: how long it stands in the film, seconds: the length of its audio. By default as long as its own sound in
        the film, or else as the clip is
    :param pause_s: how long its last picture is held after that, in silence, seconds
    """

    source: str | Path | bytes
    duration_s: float | None = None
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What was written.

    :param duration_s: of the film
    :param starts_s: when each clip begins in it
    :param durations_s: how long each of them stands in it, without its pause
    :param reencoded: whether the pictures were encoded anew
    :param reason: why; None where they were copied
    :param label: the text of the AIGC label in the film; None where there is none
    :param label_note: what is to be told of the label; None for nothing
    """

    duration_s: float
    starts_s: tuple[float, ...]
    durations_s: tuple[float, ...]
    reencoded: bool
    reason: str | None
    label: str | None
    label_note: str | None


def join_videos(
    clips: Sequence[Clip],
    target: str | Path,
    *,
    soundtrack: Source | Sequence[Source | None] | None = None,
    label: str | None = None,
) -> Joined:
    """Write clips one after another as one MP4, in constant memory.

    The pictures are copied where all clips are encoded alike, and encoded anew otherwise, which is told with its reason. Each
    clip begins exactly when those before it, and their pauses, are over: where its pictures end before that, the last one is
    held; pictures that would be shown later are left out. The sound is decoded and encoded once as a whole, whatever it is made
    of, so that no joint can be heard. The AIGC label is carried over, and read back.

    :param clips: at least one
    :param target: the file to write; its index is moved to the front in the end
    :param soundtrack: one audio for the whole film, or one for each clip (None for silence), each at its clip's beginning. By
        default the clips' own
    :param label: the text of the AIGC label to write; by default the clips' own: the one that all have, or else the first
    :raises MediaError: a clip or an audio cannot be read; the soundtrack is not as long as the clips stand; the label was lost
    :raises ValueError: no clips; another number of soundtracks; lengths that cannot be
    """
    whole, each = _soundtracks(soundtrack, len(clips))
    _check(clips)
    facts = [read_clip(clip.source, keeps_sound=soundtrack is None) for clip in clips]
    durations = [
        _stands_s(clip, fact, sound) for clip, fact, sound in zip(clips, facts, each or [None] * len(clips), strict=True)
    ]
    shots = _timeline(clips, facts, durations, whole)
    _tell_what_is_left_out_or_held(shots, durations)
    reason = _reason(facts)
    common, note = label_of_all([fact.label for fact in facts])
    written = label or common
    with _film(target, label=written) as film:
        # Both tracks are known before the first packet is written.
        picture_stream = add_encoded_stream(film, facts[0]) if reason else add_copied_stream(film, clips[0].source)
        pictures = (encoded if reason else copied)(shots, picture_stream)
        for packet in heapq.merge(
            pictures, _sound(film, _parts(shots, durations, whole, each), end_s=shots[-1].end_s), key=_time
        ):
            film.mux(packet)
    _verify_label(target, written)
    return Joined(
        duration_s=float(shots[-1].end_s),
        starts_s=tuple(float(shot.start_s) for shot in shots),
        durations_s=tuple(map(float, durations)),
        reencoded=reason is not None,
        reason=reason,
        label=written,
        label_note=None if label else note,
    )


def _soundtracks(
    soundtrack: Source | Sequence[Source | None] | None, clips: int
) -> tuple[Source | None, list[Source | None] | None]:
    """Return the one audio of the film, and the audios of the clips; both are None for the clips' own."""
    if isinstance(soundtrack, list | tuple):
        if len(soundtrack) != clips:
            raise ValueError(f"there are {clips} clips and {len(soundtrack)} soundtracks: give one for each, or one for all")
        return None, list(soundtrack)
    whole: Any = soundtrack
    return whole, None


def _check(clips: Sequence[Clip]) -> None:
    if not clips:
        raise ValueError("there are no clips to join")
    for number, clip in enumerate(clips, 1):
        if not (clip.duration_s is None or 0 < clip.duration_s < math.inf) or not 0 <= clip.pause_s < math.inf:
            raise ValueError(f"clip {number} cannot last {clip.duration_s} s with a pause of {clip.pause_s} s")


def _timeline(
    clips: Sequence[Clip], facts: Sequence[ClipFacts], durations: Sequence[Fraction], whole: Source | None
) -> list[Shot]:
    """Return each clip at its place."""
    starts = [Fraction(0)]
    for clip, duration in zip(clips, durations, strict=True):
        starts.append(starts[-1] + duration + Fraction(clip.pause_s))
    if whole is not None:
        # Lengths that were told add up to the sound's; others are those of pictures, which end later by a part of one.
        untold = sum(clip.duration_s is None for clip in clips)
        starts[-1] = _end_with(whole, starts[-1], tolerance_s=(1 + untold) / facts[0].rate)
    places = zip(clips, facts, pairwise(starts), strict=True)
    return [Shot(clip.source, fact, start, end) for clip, fact, (start, end) in places]


def _stands_s(clip: Clip, facts: ClipFacts, sound: Source | None) -> Fraction:
    if clip.duration_s is not None:
        return Fraction(clip.duration_s)
    return facts.length_s if sound is None else Fraction(probe_audio(sound).duration_s)


def _end_with(soundtrack: Source, end_s: Fraction, *, tolerance_s: Fraction) -> Fraction:
    """Return when the film ends that has one audio: no word of it is cut off."""
    sound_s = Fraction(probe_audio(soundtrack).duration_s)
    if abs(sound_s - end_s) > tolerance_s:
        raise MediaError(
            f"lasts {float(sound_s):.3f} s, and the clips with their pauses {float(end_s):.3f} s",
            source=describe(soundtrack),
            advice="the clips must be those of this audio: all of them, each once, in its order, with the lengths of its pieces",
        )
    return max(end_s, sound_s)


def _tell_what_is_left_out_or_held(shots: Sequence[Shot], durations: Sequence[Fraction]) -> None:
    for number, (shot, duration) in enumerate(zip(shots, durations, strict=True), 1):
        surplus_s = shot.facts.pictures_s - (shot.end_s - shot.start_s)
        if surplus_s * shot.facts.rate > 1:
            log.warning("Clip %d is %.2f s longer than it stands in the film: its end is left out", number, surplus_s)
        if (held_s := duration - shot.facts.pictures_s) > _HELD_S:
            log.warning("The pictures of clip %d end %.2f s before its sound: the last one is held", number, held_s)


def _reason(facts: Sequence[ClipFacts]) -> str | None:
    """Return why the clips cannot be copied into one track; None where they can."""
    for number, other in enumerate(facts, 1):
        if what := difference(facts[0], other):
            log.warning("The pictures are encoded anew: clip %d of %d %s", number, len(facts), what)
            return f"clip {number} of {len(facts)} {what}"
    return None


@contextmanager
def _film(target: str | Path, *, label: str | None) -> Iterator[OutputContainer]:
    """Open the film for writing; what FFmpeg has against that is no fault of a clip."""
    import av

    # Without use_metadata_tags, the label would be dropped silently.
    options = {"movflags": "faststart+use_metadata_tags"}
    try:
        with av.open(str(target), "w", format="mp4", options=options) as film:
            if label:
                film.metadata[AIGC_KEY] = label
            yield film
    except av.FFmpegError as error:
        raise OSError(f"the film cannot be written: {error.strerror or error}") from error


def _parts(
    shots: Sequence[Shot], durations: Sequence[Fraction], whole: Source | None, each: Sequence[Source | None] | None
) -> list[SoundPart]:
    """Return the sounds of the film at their places."""
    if whole is not None:
        return [SoundPart(whole, Fraction(0))]
    parts = []
    for number, (shot, duration) in enumerate(zip(shots, durations, strict=True)):
        source, late_s = (each[number], Fraction(0)) if each else (shot.source, shot.facts.sound_at_s)
        if source is not None and late_s is not None:
            parts.append(SoundPart(source, shot.start_s + late_s, shot.start_s + duration))
    return parts


def _sound(film: OutputContainer, parts: Sequence[SoundPart], *, end_s: Fraction) -> Iterator[Any]:
    """Add the sound track; return its packets, none where all is silent."""
    if not parts:
        return iter(())
    form = form_of([part.source for part in parts])
    return encoded_sound(parts, form, add_sound_stream(film, form), end_s=end_s)


def _time(packet: Any) -> float:
    return float((packet.dts or 0) * packet.time_base.numerator / packet.time_base.denominator)


def _verify_label(target: str | Path, label: str | None) -> None:
    """See that the label is in the film.

    :raises MediaError: it is not
    """
    if label is None:
        return
    found = read_aigc_label(Path(target))
    if found is None or found.raw != label:
        raise MediaError("has lost its AIGC label while it was written", source=describe(target))
