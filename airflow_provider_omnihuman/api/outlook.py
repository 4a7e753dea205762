"""What is expected of the next render, from the durations seen: a line over the length of the audio, and the spread around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from airflow_provider_omnihuman.api.inspection import FEW, Inspection, Seen

__all__ = ["Outlook", "Took"]

_BASE_S, _PER_AUDIO_S = 15.0, 35.0
"""15 s of audio take about 9 min, 26 s over 15 min, 60 s up to 35 min (seen): where nothing else is known, and never trusted."""
_USUAL_AUDIO_S = 15.0
_HALF_LIFE = 40
"""In jobs: what was seen so long ago counts half."""
_OUTLIERS = (6.0, 2.5)
"""A job that took so many times more or less than the line so far counts as if it had taken that; the line is fitted twice."""
_SHARE_OF_LOOKS = 0.42
_SHARE_OF_LOOKS_AT_FIRST = 0.65
"""Of the looks that a fixed 5 s makes: the most that are made however uncertain the end; it is found later instead. While little
is known the table expects anything, and more looks than come to be made: both come to 0.4 at most, measured."""
_FIXED_INTERVAL_S = 5.0


class Took(NamedTuple):
    """A finished job: how long it ran is known to lie between two looks.

    :param audio_s: length of its audio, seconds; None where that is not known
    :param running_s: its age at the last look that found it running, 0 where there was none
    :param took_s: its age at the look that found it done
    """

    audio_s: float | None
    running_s: float
    took_s: float

    @property
    def low_s(self) -> float:
        """When it was still running; where no look says, not much before."""
        return max(self.running_s, self.took_s / 2)

    @property
    def middle_s(self) -> float:
        """The best guess."""
        return math.sqrt(self.low_s * self.took_s)

    def scaled(self, factor: float) -> Took:
        """Return the same job at another speed of the service."""
        return Took(self.audio_s, self.running_s * factor, self.took_s * factor)


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """The expectation, ready for cheap questions.

    :param constant_s: what any job takes, seconds
    :param per_audio_s: what each second of audio adds, seconds
    :param inspection: where to look, relative to the expected duration
    :param density: ``c`` of the inspection, for an expected duration of 1 s
    """

    constant_s: float
    per_audio_s: float
    inspection: Inspection
    density: float

    @classmethod
    def of(cls, jobs: Sequence[Took], *, by_audio: bool, delay_s: float) -> Outlook:
        """Learn from finished jobs.

        :param jobs: oldest first
        :param by_audio: whether the length of the next job's audio is known
        :param delay_s: how late a finished job is to be found on average, seconds
        """
        known = [job for job in jobs if job.audio_s is not None] if by_audio else list(jobs)
        weights = [0.5 ** (age / _HALF_LIFE) for age in range(len(known) - 1, -1, -1)]
        constant_s, per_audio_s = _line(known, weights) if by_audio else (_typical_s(known, weights), 0.0)
        due = [constant_s + per_audio_s * (job.audio_s or 0.0) for job in known]
        seen = [
            Seen(math.log(job.low_s / due_s), math.log(job.took_s / due_s), weight)
            for job, due_s, weight in zip(known, due, weights, strict=True)
        ]
        inspection = Inspection.of(seen)
        density = _density(inspection, due or [_usual_s(_USUAL_AUDIO_S)], is_new=len(known) < FEW, delay_s=delay_s)
        return cls(constant_s, per_audio_s, inspection, density)

    def expected_s(self, audio_s: float | None) -> float:
        """Return the expected duration."""
        return self.constant_s + self.per_audio_s * (audio_s or 0.0)

    def next_look_s(self, age_s: float, *, audio_s: float | None, steps: float) -> float:
        """Return the age to look at next; infinity when the job is beyond all that was thought of.

        :param age_s: of the job now
        :param audio_s: length of its audio
        :param steps: 1, give or take the jitter
        """
        expected_s = self.expected_s(audio_s)
        return expected_s * self.inspection.after(age_s / expected_s, steps / (self.density * math.sqrt(expected_s)))

    def early_s(self, audio_s: float | None) -> float:
        """Return the age at which one job in twenty is done."""
        return self.expected_s(audio_s) * self.inspection.early

    def surprise(self, job: Took) -> float:
        """Return how far a job was beyond what all but one in twenty do, either way, as a logarithm; 0 if it was not."""
        due_s = self.expected_s(job.audio_s)
        if self.inspection.early * due_s < job.took_s and job.low_s <= self.inspection.late * due_s:
            return 0.0
        return math.log(job.middle_s / (due_s * self.inspection.middle))


def _density(inspection: Inspection, due: Sequence[float], *, is_new: bool, delay_s: float) -> float:
    """Return the density of looks that finds jobs in time, or the one that can be afforded.

    One constant serves long jobs and short ones: each of both costs grows with the root of the expected duration.
    """
    root = sum(math.sqrt(due_s) for due_s in due) / len(due)
    prompt = inspection.lateness * root / (2 * delay_s)
    share = _SHARE_OF_LOOKS_AT_FIRST if is_new else _SHARE_OF_LOOKS
    looks = share * inspection.mean * sum(due) / len(due) / _FIXED_INTERVAL_S - 1  # the one that finds it done comes on top
    return min(prompt, max(looks, 1.0) / (inspection.looks * root))


def _usual_s(audio_s: float) -> float:
    return _BASE_S + _PER_AUDIO_S * audio_s


def _typical_s(jobs: Sequence[Took], weights: Sequence[float]) -> float:
    if not jobs:
        return _usual_s(_USUAL_AUDIO_S)
    return math.exp(sum(weight * math.log(job.middle_s) for job, weight in zip(jobs, weights, strict=True)) / sum(weights))


def _line(jobs: Sequence[Took], weights: Sequence[float]) -> tuple[float, float]:
    """Fit constant and slope by relative error; lengths that were never seen follow the usual line at the speed that was."""
    if not jobs:
        return _BASE_S, _PER_AUDIO_S
    speeds = sorted(job.middle_s / _usual_s(job.audio_s or 0.0) for job in jobs)
    line = (speeds[len(speeds) // 2] * _BASE_S, speeds[len(speeds) // 2] * _PER_AUDIO_S)
    usual = [(audio_s, line[0] + line[1] * audio_s, 1.0) for audio_s in (5.0, 55.0)]
    for furthest in _OUTLIERS:
        points = list(usual)
        for job, weight in zip(jobs, weights, strict=True):
            audio_s = job.audio_s or 0.0
            due_s = line[0] + line[1] * audio_s
            points.append((audio_s, min(max(job.middle_s, due_s / furthest), due_s * furthest), weight))
        line = _least_squares(points, line)
    return line


def _least_squares(points: Sequence[tuple[float, float, float]], line: tuple[float, float]) -> tuple[float, float]:
    """Fit (x, y, weight) by the error relative to a line; neither constant nor slope comes out negative."""
    ones = mixed = squares = y_ones = y_mixed = 0.0
    for x, y, weight in points:
        share = weight / (line[0] + line[1] * x) ** 2
        ones += share
        mixed += share * x
        squares += share * x * x
        y_ones += share * y
        y_mixed += share * x * y
    slope = max((ones * y_mixed - mixed * y_ones) / (ones * squares - mixed**2), 0.0)
    constant = (y_ones - slope * mixed) / ones
    return (constant, slope) if constant > 0 else (0.0, y_mixed / squares)
