"""Judges what was measured: pure functions from figures to findings that a person can act on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.media.aigc_label import label_differences
from airflow_provider_omnihuman.media.errors import MediaError
from airflow_provider_omnihuman.media.quality.expected import Expected, Limits
from airflow_provider_omnihuman.media.quality.finding import Check, Finding
from airflow_provider_omnihuman.media.quality.judging_sound import judge_loudness, judge_soundtrack
from airflow_provider_omnihuman.media.quality.stretches import EDGES_S
from airflow_provider_omnihuman.media.quality.times import clock, times_of

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from airflow_provider_omnihuman.media.quality.measuring import Measured
    from airflow_provider_omnihuman.media.quality.stretches import Stretch

__all__ = ["judge", "judge_unreadable"]


@dataclass(frozen=True, slots=True)
class _Case:
    """What a judge is given."""

    measured: Measured
    expected: Expected
    limits: Limits


def judge(measured: Measured, expected: Expected, limits: Limits, *, checks: AbstractSet[Check]) -> list[Finding]:
    """Return what each check found.

    :param measured: as of :func:`measure`, for these checks at least
    :param expected: what was asked for
    :param limits: how far off it may be
    :param checks: which to run
    """
    case = _Case(measured, expected, limits)
    return [judge_one(case) for check, judge_one in _JUDGES.items() if check in checks]


def judge_unreadable(error: MediaError, *, checks: AbstractSet[Check]) -> list[Finding]:
    """Return the findings on a file that cannot be read as a film at all.

    :param error: what is wrong with it
    :param checks: which should have been run
    """
    readable = Finding(name=Check.READABLE, passed=False, expected="a film", message=str(error))
    others = [
        Finding(name=check, passed=None, message="not run: the film cannot be read")
        for check in Check
        if check in checks - {Check.READABLE}
    ]
    return [readable, *others]


def _readable(case: _Case) -> Finding:
    played = case.measured.played
    missing = max(0, played.indexed_frames - played.frames)
    problems = []
    if played.damaged:
        places = ", ".join(map(clock, played.damaged_at_s)) + (", …" if played.damaged > len(played.damaged_at_s) else "")
        problems.append(f"{played.damaged} pieces of it are damaged, at {places}")
    if missing:
        problems.append(f"{missing} of the {played.indexed_frames} pictures in its index are missing")
    return Finding(
        name=Check.READABLE,
        passed=not problems,
        value={"pictures": played.frames, "damaged": played.damaged, "missing": missing},
        expected="all pictures and all sound decode",
        message=(
            f"{' and '.join(problems)}: archive it again while the service still has it (12 h), or render it anew"
            if problems
            else f"all {played.frames} pictures decode" + (", and all of the sound" if played.sound else "; it is silent")
        ),
    )


def _resolution(case: _Case) -> Finding:
    played, wanted = case.measured.played, case.expected.short_side
    found = f"{played.width}×{played.height}"
    if wanted is None:
        return _not_run(Check.RESOLUTION, found, "no output_resolution is known")
    passed = abs(min(played.width, played.height) - wanted) <= case.limits.resolution_px
    return Finding(
        name=Check.RESOLUTION,
        passed=passed,
        value=found,
        expected=wanted,
        message=(
            f"{found}, as asked for"
            if passed
            else f"its short side has {min(played.width, played.height)} pixels, asked for were {wanted}: compare "
            "output_resolution of the task that submitted it"
        ),
    )


def _fps(case: _Case) -> Finding:
    found, wanted = round(case.measured.played.fps, 3), case.expected.fps
    if wanted is None:
        return _not_run(Check.FPS, found, "the service takes no frame rate, and no fps was given to compare with")
    passed = abs(found - wanted) <= case.limits.fps
    message = f"{found:g} pictures a second" + (", as expected" if passed else f", expected were {wanted:g}")
    return Finding(name=Check.FPS, passed=passed, value=found, expected=wanted, message=message)


def _duration(case: _Case) -> Finding:
    film_s, limits = case.measured.played.duration_s, case.limits
    audio_s = case.measured.audio_s if case.measured.audio_s is not None else case.expected.audio_s
    if audio_s is None:
        return _not_run(Check.DURATION, round(film_s, 3), case.expected.no_audio)
    passed = abs(film_s - audio_s) <= limits.duration_s
    told = f"the film lasts {film_s:.2f} s, its audio {audio_s:.2f} s"
    which = "shorter: its end is missing" if film_s < audio_s else "longer: something was added"
    advice = f": {abs(film_s - audio_s):.2f} s {which}, or audio_url is not what it was made for; watch its end"
    return Finding(
        name=Check.DURATION,
        passed=passed,
        value=round(film_s, 3),
        expected={"seconds": round(audio_s, 3), "tolerance": limits.duration_s},
        message=told + ("" if passed else advice),
    )


def _black(case: _Case) -> Finding:
    return _stretches(
        Check.BLACK, case.measured.black, case.limits.black_s, ("the screen is black", "render it anew with another seed")
    )


def _frozen(case: _Case) -> Finding:
    advice = "watch it there; if it was meant, as a pause is, give a higher frozen_s; else render it anew with another seed"
    told = ("the picture stands still", advice)
    found = [stretch for stretch in case.measured.frozen if _unasked_s(stretch, case.expected) > case.limits.frozen_s + EDGES_S]
    return _stretches(Check.FROZEN, found, case.limits.frozen_s, told)


def _unasked_s(stretch: Stretch, expected: Expected) -> float:
    """Return for how long a picture stands still beside the pauses for which it was to be held."""
    held_s = sum(max(0.0, min(stretch.end_s, end_s) - max(stretch.start_s, start_s)) for start_s, end_s in expected.pauses)
    return stretch.duration_s - held_s


def _replacement(case: _Case) -> Finding:
    measured = case.measured
    if measured.portraits:
        told = ("it does not show the portrait", "watch it there: moderation may have put a picture in its place")
    else:
        told = ("it shows next to nothing but one colour", "watch it there: it may be a card in place of the film")
    found = _stretches(Check.REPLACEMENT, measured.foreign, case.limits.foreign_s, told)
    if not found.passed:
        return found
    likeness = measured.portrait_likeness
    message = (
        f"compared with empty pictures and cards only: {case.expected.no_portrait}"
        if likeness is None
        else f"the picture least like the portrait has a likeness of {likeness:.2f}"
    )
    value = None if likeness is None else round(likeness, 3)
    return Finding(name=found.name, passed=True, value=value, expected=case.limits.portrait_likeness, message=message)


def _stretches(check: Check, found: Sequence[Stretch], longest_s: float, told: tuple[str, str]) -> Finding:
    """Return the finding on stretches that must not be: none may be longer."""
    what, advice = told
    return Finding(
        name=check,
        passed=not found,
        value=[[round(stretch.start_s, 3), round(stretch.end_s, 3)] for stretch in found],
        expected=f"at most {longest_s:g} s",
        message=f"{what} at {times_of(found)}: {advice}" if found else f"nowhere longer than {longest_s:g} s",
    )


def _label(case: _Case) -> Finding:
    asked, found = case.expected.aigc_meta, case.measured.label
    value = None if found is None else found.raw
    if not asked:
        return _not_run(Check.LABEL, value, "no aigc_meta was asked for")
    differences = label_differences(asked, found)
    advice = "give aigc_meta to the task that archives it, which asks the service for the label"
    return Finding(
        name=Check.LABEL,
        passed=not differences,
        value=value,
        expected=dict(asked),
        message=f"{'; '.join(differences)}: {advice}" if differences else "as asked for, field by field",
    )


def _not_run(check: Check, value: Any, why: str) -> Finding:
    return Finding(name=check, passed=None, value=value, message=f"not run: {why}")


_JUDGES: dict[Check, Callable[[_Case], Finding]] = {
    Check.READABLE: _readable,
    Check.RESOLUTION: _resolution,
    Check.FPS: _fps,
    Check.DURATION: _duration,
    Check.SOUNDTRACK: lambda case: judge_soundtrack(case.measured, case.expected, case.limits),
    Check.LOUDNESS: lambda case: judge_loudness(case.measured, case.limits),
    Check.BLACK: _black,
    Check.FROZEN: _frozen,
    Check.LABEL: _label,
    Check.REPLACEMENT: _replacement,
}
"""In the order of :class:`Check`."""
