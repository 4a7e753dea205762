"""How long a job usually takes, and how spans of time are told to people."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["UNKNOWN", "Expected", "span", "time_taken"]

_TEN_S, _MINUTE_S, _HOUR_S = 10, 60, 3600
_EXACT_BELOW_S = 600
"""From ten minutes on, seconds are noise."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of one job before it is done.

    :param submitted_at: epoch seconds; None where it is not known
    :param render_s: how long its render usually takes, its time in the queue left out; None where nothing is known
    :param late_s: what all but one in twenty take
    :param is_learned: from renders of this connection, and not from what others have seen
    """

    submitted_at: float | None = None
    render_s: float | None = None
    late_s: float | None = None
    is_learned: bool = False

    def usual_end(self, *, queued_s: float | None, is_queued: bool) -> str:
        """Return when it is usually done, for the end of a sentence; nothing where nobody knows.

        :param queued_s: how long it was in the queue
        :param is_queued: it still is
        """
        if self.render_s is None:
            return ""
        waited_s = 0.0 if is_queued else queued_s or 0.0
        about = span(self.render_s + waited_s, roughly=True)
        if not self.is_learned:
            return f"renders of this length were seen to take about {about}"
        return f"usually done about {about} after its turn has come" if is_queued else f"usually done after about {about}"


UNKNOWN = Expected()
"""Where nobody knows anything."""


def span(seconds: float, *, roughly: bool = False) -> str:
    """Return a span as a person would say it: ``43 s``, ``9 min 12 s``, ``1 h 04 min``.

    :param seconds: its length
    :param roughly: leave out what nobody would say of an estimate
    """
    whole = max(0, int(round(seconds, -1 if roughly and seconds > _TEN_S else 0)))
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _EXACT_BELOW_S and not roughly:
        minutes, rest = divmod(whole, _MINUTE_S)
        return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"
    minutes = round(whole / _MINUTE_S)
    if minutes < _HOUR_S // _MINUTE_S:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def time_taken(age_s: float, *, queued_s: float | None) -> str:
    """Return how long a job took, and how much of that it only waited for its turn.

    :param age_s: since its submit
    :param queued_s: about how long it was in the queue, between two looks; None where no look found it there
    """
    told = f"{span(age_s)} after its submit"
    if queued_s is None:
        return told
    return f"{told}: about {span(queued_s)} in the queue, {span(max(0.0, age_s - queued_s))} rendering"
