"""Texts of a presenter may name the run and the task; nothing else of what a task can reach."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.presenters.templating import placeholders, rendered
from tests.task_context import task_context

CONTEXT = {**task_context(map_index=3), "ds": "2026-01-02", "params": {"mood": "calm"}, "var": {"value": "s3cr3t"}, "conn": {}}


def render(text):
    return rendered({"aigc_meta": {"producer_id": text}}, names=placeholders(CONTEXT), source="p.yaml")["aigc_meta"][
        "producer_id"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ run_id }}", "manual__2026-01-01T00:00:00+00:00"),
        ("{{ ti.dag_id[:3] }}/{{ ti.task_id }}/{{ ti.map_index }}", "a_d/a_task/3"),
        ("{{ ds }} {{ params.mood | upper }}", "2026-01-02 CALM"),
        ("{% if params.mood == 'calm' %}slow{% endif %}\n", "slow\n"),
        ("{ no placeholder }", "{ no placeholder }"),
        ("plain", "plain"),
    ],
)
def test_a_placeholder_is_filled_in(text, expected):
    assert render(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{ var.value }}",
        "{{ conn.aws_default.password }}",
        "{{ ti.xcom_pull('x') }}",
        "{{ ti.get_template_context() }}",
        "{{ ti.try_number }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ params.no_such }}",
        "{{ 1 / 0 }}",
        "{{ run_id",
        "{% include '/etc/passwd' %}",
    ],
)
def test_what_may_not_be_named_is_told_by_file_and_field(text):
    with pytest.raises(InvalidRequestError, match=r"presenter p.yaml: aigc_meta.producer_id cannot be rendered: ") as caught:
        render(text)
    assert "s3cr3t" not in str(caught.value)
    assert "it may name dag_id, task_id, run_id" in str(caught.value)


def test_what_is_no_text_stays_as_it_is():
    document = {"seed": 7, "pe_fast_mode": True, "prompt": None, "speech": {"engine_options": {"additions": [1]}}}
    assert rendered(document, names={}, source="p.yaml") == document
