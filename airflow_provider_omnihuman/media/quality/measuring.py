"""Measures a film: one pass over its file, and over the given audio's beside it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.media.aigc_label import AigcLabel, read_aigc_label
from airflow_provider_omnihuman.media.container import Source
from airflow_provider_omnihuman.media.quality.expected import Limits
from airflow_provider_omnihuman.media.quality.finding import Check
from airflow_provider_omnihuman.media.quality.given_audio import GivenAudio, PlacedAudio, opened_audio
from airflow_provider_omnihuman.media.quality.likeness import ForeignPictures, Look
from airflow_provider_omnihuman.media.quality.loudness import Loudness, Loudnessmeter
from airflow_provider_omnihuman.media.quality.playing import Listener, Played, Watcher, play
from airflow_provider_omnihuman.media.quality.soundtrack import SoundtrackComparison, SoundWindow
from airflow_provider_omnihuman.media.quality.stretches import BlackStretches, FrozenStretches, Stretch

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

__all__ = ["Measured", "measure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured; what was not asked for, or could not be measured, is None.

    :param played: what the file holds
    :param label: the AIGC label in it
    :param audio_s: length of the given audio, counted in samples
    :param sound: the film's sound beside the given audio, window by window
    :param loudness: of the film
    :param black: stretches that are black for too long
    :param frozen: stretches that stand still for too long
    :param foreign: stretches that show something else than the portrait for too long
    :param portraits: how many portraits those were compared with
    :param portrait_likeness: of the picture that is least like the portrait; None without one
    """

    played: Played
    label: AigcLabel | None
    audio_s: float | None = None
    sound: Sequence[SoundWindow] | None = None
    loudness: Loudness | None = None
    black: Sequence[Stretch] = ()
    frozen: Sequence[Stretch] = ()
    foreign: Sequence[Stretch] = ()
    portraits: int = 0
    portrait_likeness: float | None = None


def measure(
    film: Source,
    *,
    audio: Source | Sequence[PlacedAudio] | None = None,
    audio_end_s: float | None = None,
    portraits: Collection[Look] = (),
    limits: Limits,
    checks: AbstractSet[Check] = frozenset(Check),
) -> Measured:
    """Measure what the checks need.

    :param film: a path, bytes, or a seekable file
    :param audio: that it was made for; of a film of several clips, the audios of all
    :param audio_end_s: when those end, with the pause after the last one
    :param portraits: that it was made of
    :param limits: which stretches are too long
    :param checks: nothing is measured that none of them needs
    :raises MediaError: the film is no MP4, or the audio is none
    """
    with ExitStack() as stack:
        needs_audio = checks & {Check.SOUNDTRACK, Check.DURATION}
        given = stack.enter_context(opened_audio(audio, end_s=audio_end_s)) if audio is not None and needs_audio else None
        return _measured(film, given=given, looks=list(portraits), limits=limits, checks=checks)


def _measured(
    film: Source, *, given: GivenAudio | None, looks: list[Look], limits: Limits, checks: AbstractSet[Check]
) -> Measured:
    comparison = SoundtrackComparison(given) if given and Check.SOUNDTRACK in checks else None
    meter = Loudnessmeter() if Check.LOUDNESS in checks else None
    black = BlackStretches(longest_s=limits.black_s)
    frozen = FrozenStretches(longest_s=limits.frozen_s, least_motion=limits.frozen_motion)
    foreign = ForeignPictures(looks, least_likeness=limits.portrait_likeness, longest_s=limits.foreign_s)
    watchers: dict[Check, Watcher] = {Check.BLACK: black, Check.FROZEN: frozen, Check.REPLACEMENT: foreign}
    listeners: list[Listener] = [listener for listener in (meter, comparison) if listener]
    played = play(film, watchers=[watchers[check] for check in watchers if check in checks], listeners=listeners)
    return Measured(
        played=played,
        label=read_aigc_label(film),
        audio_s=given.drain() if given else None,
        sound=comparison.windows if comparison else None,
        loudness=meter.loudness if meter else None,
        black=black.found,
        frozen=frozen.found,
        foreign=foreign.found,
        portraits=len(looks),
        portrait_likeness=foreign.lowest_likeness if looks else None,
    )
