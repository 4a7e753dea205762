"""Judges what was heard: whose sound it is, whether it comes in time, and how loud it is."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.media.quality.expected import Expected, Limits
from airflow_provider_omnihuman.media.quality.finding import Check, Finding
from airflow_provider_omnihuman.media.quality.stretches import Stretch
from airflow_provider_omnihuman.media.quality.times import times_of

if TYPE_CHECKING:
    from airflow_provider_omnihuman.media.quality.measuring import Measured
    from airflow_provider_omnihuman.media.quality.soundtrack import SoundWindow

__all__ = ["judge_loudness", "judge_soundtrack"]

_SILENT_DBFS = -60.0
"""What is quieter says nothing about whose sound it is: codecs leave little of it."""
_QUIET_DB = 35.0
"""Likewise what is quieter than the loudest window by this: breath, and the noise of the room."""
_HEARD_DBFS = -50.0
_ADVICE = "compare audio_url with what the film was made for, and listen to it there"


def judge_soundtrack(measured: Measured, expected: Expected, limits: Limits) -> Finding:
    """Return whether the film's sound is the given audio, in its place."""
    if measured.sound is None:
        return Finding(name=Check.SOUNDTRACK, passed=None, message=f"not run: {expected.no_audio}")
    sounding = _sounding(measured.sound)
    alike = [window for window in sounding if window.likeness >= limits.sound_likeness]
    offsets = [window.offset_s for window in alike]
    late_s = median(offsets) if offsets else 0.0
    problem = (
        _other_sound(measured, sounding, limits)
        or _out_of_place(alike, limits)
        or (f"the sound comes {_late(late_s)}: lips and voice part" if abs(late_s) > limits.sound_offset_s else "")
    )
    likeness = min((window.likeness for window in sounding), default=1.0)
    return Finding(
        name=Check.SOUNDTRACK,
        passed=not problem,
        value={"likeness": round(likeness, 3), "offset_ms": round(late_s * 1000) if offsets else None},
        expected={"likeness": limits.sound_likeness, "offset_ms": round(limits.sound_offset_s * 1000)},
        message=problem or _praise(sounding, likeness, late_s),
    )


def _sounding(windows: Sequence[SoundWindow]) -> list[SoundWindow]:
    """Return the windows in which the given audio is loud enough to tell whose sound it is."""
    least = _least_dbfs(windows)
    return [window for window in windows if window.given_dbfs >= least]


def _least_dbfs(windows: Sequence[SoundWindow]) -> float:
    loudest = max((window.given_dbfs for window in windows), default=_SILENT_DBFS)
    return max(_SILENT_DBFS, loudest - _QUIET_DB)


def _other_sound(measured: Measured, sounding: Sequence[SoundWindow], limits: Limits) -> str:
    """Return what is wrong where the film has another sound, or none."""
    assert measured.sound is not None
    if measured.played.sound is None:
        return "the film has no sound at all" if sounding else ""
    least = _least_dbfs(measured.sound)
    quiet = [window for window in measured.sound if window.given_dbfs < least]
    noisy = [window for window in quiet if window.film_dbfs > max(_HEARD_DBFS, window.given_dbfs + _QUIET_DB / 2)]
    if noisy:
        return f"it has sound at {times_of(_joined(noisy))}, where the given audio is silent: {_ADVICE}"
    other = [window for window in sounding if window.likeness < limits.sound_likeness]
    if not other:
        return ""
    best = max(window.likeness for window in other)
    if len(other) == len(sounding):
        return f"the sound is not the given audio: its likeness is {best:.2f} at best, 1 would be the same: {_ADVICE}"
    return f"the sound is not the given audio at {times_of(_joined(other))}: its likeness is {best:.2f} there: {_ADVICE}"


def _out_of_place(alike: Sequence[SoundWindow], limits: Limits) -> str:
    """Return what is wrong where parts of the sound are early or late."""
    late = [window for window in alike if abs(window.offset_s) > limits.sound_offset_s]
    if not late or len(late) == len(alike):
        return ""
    worst = max(late, key=lambda window: abs(window.offset_s))
    return f"the sound is out of place at {times_of(_joined(late))}: {_late(worst.offset_s)} at the worst; lips and voice part"


def _praise(sounding: Sequence[SoundWindow], likeness: float, late_s: float) -> str:
    if not sounding:
        return "the given audio and the film are both silent"
    return f"it is the given audio (likeness {likeness:.2f} or more), {_late(late_s)}"


def _late(seconds: float) -> str:
    ms = round(seconds * 1000)
    return "in its place" if ms == 0 else f"{abs(ms)} ms {'late' if ms > 0 else 'early'}"


def _joined(windows: Sequence[SoundWindow]) -> list[Stretch]:
    """Return the stretches that the windows cover."""
    joined: list[Stretch] = []
    for window in windows:
        overlaps = joined and joined[-1].end_s >= window.start_s
        start_s = joined.pop().start_s if overlaps else window.start_s
        joined.append(Stretch(start_s, window.end_s))
    return joined


def judge_loudness(measured: Measured, limits: Limits) -> Finding:
    """Return whether the film is neither too quiet nor too loud."""
    assert measured.loudness is not None
    lufs, peak = measured.loudness.integrated_lufs, measured.loudness.true_peak_dbtp
    if lufs is None:
        message = "there is nothing to be heard" if measured.played.sound else "the film has no sound at all"
    elif lufs < limits.least_lufs:
        message = f"{lufs:.1f} LUFS is too quiet, at least {limits.least_lufs:g} is wanted: raise the level of the audio"
    elif lufs > limits.most_lufs:
        message = f"{lufs:.1f} LUFS is too loud, at most {limits.most_lufs:g} is wanted: lower the level of the audio"
    elif limits.most_dbtp is not None and peak is not None and peak > limits.most_dbtp:
        message = f"peaks of {peak:.1f} dBTP, at most {limits.most_dbtp:g} is wanted: lower the level of the audio"
    else:
        told = f"{lufs:.1f} LUFS" + (f", peaks of {peak:.1f} dBTP" if peak is not None else "")
        return _loudness(measured, limits, passed=True, message=told)
    return _loudness(measured, limits, passed=False, message=message)


def _loudness(measured: Measured, limits: Limits, *, passed: bool, message: str) -> Finding:
    assert measured.loudness is not None
    lufs, peak = measured.loudness.integrated_lufs, measured.loudness.true_peak_dbtp
    return Finding(
        name=Check.LOUDNESS,
        passed=passed,
        value={"lufs": lufs, "peak_dbtp": None if peak is None else round(peak, 1)},
        expected={"least_lufs": limits.least_lufs, "most_lufs": limits.most_lufs, "most_dbtp": limits.most_dbtp},
        message=message,
    )
