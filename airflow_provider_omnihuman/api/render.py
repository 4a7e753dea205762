"""What is known of a render beforehand that tells how long it will take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

from airflow_provider_omnihuman.api.expected import Expected
from airflow_provider_omnihuman.api.render_times import RenderTimes
from airflow_provider_omnihuman.api.schedule import LearnedSchedule

__all__ = ["Render"]

_UNKNOWN = "unknown"
_TOO_LARGE = 100_000
_SHORTEST_S = 1e-3
_A_HABIT = 3
"""Of fewer jobs of a kind, nobody would say "usually"."""


@dataclass(frozen=True, slots=True)
class Render:
    """One job, as far as its duration depends on it.

    :param kind: such as ``720-fast``: resolution and mode, which have speeds of their own
    :param audio_s: length of the audio, seconds; None where it is not known
    :param submitted_at: epoch seconds; None where it is not known
    """

    kind: str = _UNKNOWN
    audio_s: float | None = None
    submitted_at: float | None = None

    @classmethod
    def of(cls, request: Mapping[str, Any] | None) -> Self:
        """Read the facts of a submitted request; what is missing or odd there is not known.

        :param request: as ``OmniHumanSubmitOperator`` pushes it: ``output_resolution``, ``pe_fast_mode``,
            ``audio_duration_s``, ``submitted_at``
        """
        facts = request or {}
        resolution = facts.get("output_resolution")
        is_known = isinstance(resolution, int) and 0 < resolution < _TOO_LARGE
        kind = f"{resolution}{'-fast' if facts.get('pe_fast_mode') else ''}" if is_known else _UNKNOWN
        audio_s = _number(facts.get("audio_duration_s"))
        return cls(kind, audio_s if audio_s and audio_s > _SHORTEST_S else None, _epoch_s(facts.get("submitted_at")))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    def schedule(self, times: RenderTimes, *, first_poll_at: float | None = None) -> LearnedSchedule:
        """Return when to ask for it.

        :param times: what was learned of its connection
        :param first_poll_at: no poll comes before, epoch seconds
        """
        return LearnedSchedule(
            times, kind=self.kind, audio_s=self.audio_s, submitted_at=self.submitted_at, first_poll_at=first_poll_at
        )

    def expected(self, times: RenderTimes) -> Expected:
        """Return how long it usually takes; nothing where neither its length nor a job of its kind is known.

        :param times: what was learned of its connection
        """
        is_learned = times.seen(self.kind) >= _A_HABIT
        if not is_learned and self.audio_s is None:
            return Expected(self.submitted_at)
        outlook = times.outlook(self.kind, audio_s=self.audio_s)
        usual_s = outlook.expected_s(self.audio_s)
        late_s = usual_s * outlook.inspection.late if is_learned else None
        return Expected(self.submitted_at, usual_s, late_s, is_learned)


def _number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    except OverflowError:
        return None


def _epoch_s(value: object) -> float | None:
    if not isinstance(value, str):
        return _number(value)
    try:
        return datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError):
        return None
