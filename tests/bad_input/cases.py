"""What one row of bad input says: what is given, to which operator, and what the person who gave it must be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import BaseOperator

from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator

SECRET = "s3cr3t"
"""Stands wherever a case has a key or a signature; no message may show it."""

ACCEPTABLE: dict[type[BaseOperator], dict[str, Any]] = {
    # On a port of nobody: what is wrong with the other arguments is told before anything is read.
    OmniHumanSubmitOperator: {"image_url": "http://127.0.0.1:9/p.png", "audio_url": "http://127.0.0.1:9/a.mp3"},
}
"""What an operator is given beside the wrong argument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One mistake.

    :param name: in a few words
    :param given: the operator's arguments, over those in ``ACCEPTABLE``
    :param told: each must be in the message: the field, the value, what to do
    :param operator: that gets them
    :param connections: Airflow connections in place of the test's, by id
    :param error: what the task ends with: the error that Airflow does not retry, but for what a retry may mend
    :param when_written: whether the Dag itself does not import, which is earlier still
    :param defect: why it is not refused yet
    """

    name: str
    given: Mapping[str, Any] = field(default_factory=dict)
    told: tuple[str, ...]
    operator: type[BaseOperator] = OmniHumanSubmitOperator
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    error: type[BaseException] | tuple[type[BaseException], ...] = AirflowFailException
    when_written: bool = False
    defect: str = ""

    def make(self) -> BaseOperator:
        """Write the task."""
        return self.operator(task_id="t", **ACCEPTABLE.get(self.operator, {}) | dict(self.given))


def each(cases: Iterable[Refused]) -> Any:
    """Run a test once per case."""
    rows = [
        pytest.param(case, id=case.name, marks=[pytest.mark.xfail(strict=True, reason=case.defect)] if case.defect else [])
        for case in cases
    ]
    return pytest.mark.parametrize("case", rows)
