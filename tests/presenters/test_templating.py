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


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a' * 10 ** 12 }}",
        "{{ 9 ** 9 ** 9 ** 9 }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{{ ds.center(10000000000) }}",
        "{{ ds | center(10000000000) }}",
        "{{ '%10000000000d' % 1 }}",
        "{{ '%10000000000d' | format(1) }}",
        "{{ 'aaaaaaaa' | replace('a', 'aaaaaaaa') }}",
        "{% set a = 'a' %}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    ],
)
def test_a_text_that_may_be_any_size_or_never_end_is_refused_before_it_is_run(text):
    """Whoever may write the file may not stop a worker."""
    with pytest.raises(InvalidRequestError, match="may not stand in a presenter's text"):
        render(text)


def test_the_label_may_name_its_content_and_nothing_else_may():
    assert render("{{ content_id }}/v2") == "{content_id}/v2"
    with pytest.raises(InvalidRequestError, match="prompt cannot be rendered: 'content_id' is undefined"):
        rendered({"prompt": "{{ content_id }}"}, names=placeholders(CONTEXT), source="p.yaml")


def test_what_is_no_text_stays_as_it_is():
    document = {"seed": 7, "pe_fast_mode": True, "prompt": None, "speech": {"engine_options": {"additions": [1]}}}
    assert rendered(document, names={}, source="p.yaml") == document
