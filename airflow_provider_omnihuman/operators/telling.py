"""What tasks tell of their pauses and their ends, so that a log reads like a story."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from airflow_provider_omnihuman.api.expected import span, time_taken
from airflow_provider_omnihuman.api.render import Render

__all__ = ["deferral_text", "done_text", "quota_pause_text", "quota_return_text"]


def quota_pause_text(error: Exception, *, since: float, now: float, resume_at: float, give_up_at: float) -> str:
    """Return the line for a submit that a limit refused, and that will be made again.

    :param error: the service's word
    :param since: when the first one was refused, epoch seconds, as the others
    :param now: the present
    :param resume_at: when it is submitted again
    :param give_up_at: when no more is submitted
    """
    return (
        f"Refused by a limit, nothing was started: submitting again in {span(resume_at - now)}, at {_clock(resume_at)}; refused "
        f"since {_clock(since)} ({span(now - since)}), giving up at {_clock(give_up_at)}. {error}"
    )


def quota_return_text(*, since: float, now: float) -> str:
    """Return the line for a task that comes back from such a pause. Times as above."""
    return f"Submitting again: a limit of the account has had no room since {_clock(since)} ({span(now - since)})"


def deferral_text(deadline: float) -> str:
    """Return the line for a task that leaves its wait to the triggerer.

    :param deadline: epoch seconds
    """
    return f"Waiting in the triggerer, until {_clock(deadline)} at the latest; what changes is told here"


def done_text(event: Mapping[str, Any], request: Mapping[str, Any] | None) -> str:
    """Return the line for a job that the triggerer saw done; nothing where it is not known how long it took.

    :param event: of the trigger; one of an earlier version tells no times
    :param request: the facts of the submit
    """
    done_at, queued_s, submitted_at = (
        _number(event.get("done_at")),
        _number(event.get("queued_s")),
        Render.of(request).submitted_at,
    )
    if done_at is None or submitted_at is None:
        return ""
    took = time_taken(max(0.0, done_at - submitted_at), queued_s=queued_s)
    return f"OmniHuman task {event.get('task_id')} was done at {_clock(done_at)}, {took}"


def _number(value: Any) -> float | None:
    return float(value) if type(value) in {int, float} and math.isfinite(value) else None


def _clock(epoch_s: float) -> str:
    return f"{datetime.fromtimestamp(epoch_s, UTC):%H:%M:%S} UTC"
