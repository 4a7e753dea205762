"""What became of each row, and of the batch as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Any

from airflow_provider_omnihuman.api.urls import without_query

__all__ = ["RowState", "grouped", "outcome_of", "report_document", "totals_of"]

REPORT_VERSION = 1
_ARCHIVED = ("uri", "manifest_uri", "poster_uri", "duration_s", "billed_seconds", "cost", "width", "height")
_SHOWN = ("id", "number", "name", "take_of", "text", "audio_url", "presenter", "voice", "seed")
_SILENT = {
    "message": "it failed, and left no word: its process was killed, or never began",
    "advice": "see the log of that task",
    "code": None,
    "error": None,
}


class RowState(StrEnum):
    """What became of a row."""

    RENDERED = "rendered"
    REUSED = "reused"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNFINISHED = "unfinished"


def outcome_of(
    row: Mapping[str, Any],
    *,
    states: Mapping[str, str | None],
    archived: Mapping[str, Any] | None,
    failure: Mapping[str, Any] | None = None,
    estimate: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what became of a row, as plain data.

    :param row: as ``ReadRowsOperator`` returned it
    :param states: of its tasks, in their order; the last is the archive
    :param archived: the archive facts; None where there are none
    :param failure: the word that the failed task left
    :param estimate: what a render that was not archived costs all the same: ``estimated_seconds`` and ``estimated_cost``
    """
    failed = next((task for task, state in states.items() if state == "failed"), None)
    shown = {name: row.get(name) for name in _SHOWN}
    if shown["audio_url"]:  # the row's may be presigned
        shown["audio_url"] = without_query(shown["audio_url"])
    if archived:
        state = RowState.REUSED if archived.get("reused") else RowState.RENDERED
        return {**shown, "state": state.value, **{name: archived.get(name) for name in _ARCHIVED}, "failure": None}
    state = RowState.SKIPPED if "skipped" in states.values() else RowState.UNFINISHED
    if failed:
        state = RowState.FAILED
    told = {"task": failed, **(failure or _SILENT)} if failed else None
    unknown: dict[str, Any] = dict.fromkeys(_ARCHIVED)
    paid = {"billed_seconds": estimate.get("estimated_seconds"), "cost": estimate.get("estimated_cost")} if estimate else {}
    return {**shown, "state": state.value, **unknown, **paid, "failure": told}


def totals_of(outcomes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sums of a batch.

    :param outcomes: of its rows
    """
    counts = {state.value: sum(outcome["state"] == state for outcome in outcomes) for state in RowState}
    return {
        "rows": len(outcomes),
        **counts,
        "seconds": round(sum(outcome["duration_s"] or 0 for outcome in outcomes), 3),
        "billed_seconds": round(sum(outcome["billed_seconds"] or 0 for outcome in outcomes), 3),
        "cost": _summed(outcome["cost"] for outcome in outcomes),
        # What is not in the archive is paid for all the same, and its cost is only an estimate.
        "lost_cost": _summed(outcome["cost"] for outcome in outcomes if not outcome["uri"]),
    }


def report_document(
    outcomes: Sequence[Mapping[str, Any]],
    *,
    title: str,
    airflow: Mapping[str, Any],
    created_at: str,
    contact_sheet_uri: str | None,
) -> dict[str, Any]:
    """Return the report as plain data: what ``report.json`` holds, and what the page is made of.

    :param outcomes: of the rows, in their order
    :param title: of the report
    :param airflow: which task of which run made it
    :param created_at: when, ISO 8601
    :param contact_sheet_uri: where the picture with all posters is; None where there are none
    """
    return {
        "report_version": REPORT_VERSION,
        "title": title,
        "created_at": created_at,
        "airflow": dict(airflow),
        "totals": totals_of(outcomes),
        "contact_sheet_uri": contact_sheet_uri,
        "rows": [dict(outcome) for outcome in outcomes],
    }


def grouped(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str | None, list[Mapping[str, Any]]]]:
    """Return rows with the takes of a row together, under its id; rows between them under None.

    :param rows: of the document
    """
    return [(take_of, list(members)) for take_of, members in groupby(rows, key=lambda row: row["take_of"])]


def _summed(costs: Iterable[Mapping[str, Any] | None]) -> list[dict[str, Any]]:
    """Return one amount for each currency."""
    sums: dict[str, float] = {}
    for cost in costs:
        if cost:
            sums[cost["currency"]] = sums.get(cost["currency"], 0.0) + cost["amount"]
    return [{"amount": round(amount, 4), "currency": currency} for currency, amount in sorted(sums.items())]
