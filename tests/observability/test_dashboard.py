"""What is documented, mapped for Prometheus and shown in Grafana is what is sent."""

from __future__ import annotations

import json
import re

import attrs
import pytest

from airflow_provider_omnihuman.observability.catalogue import METRICS, Kind
from airflow_provider_omnihuman.observability.facets import OmniHumanRenderRunFacet
from tests.conftest import PROJECT
from tests.observability.prometheus import MAPPINGS, mapped, series

DOCS = PROJECT / "docs"
PAGE = (DOCS / "observability.md").read_text()
DASHBOARD = json.loads((DOCS / "grafana" / "omnihuman.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]


def test_the_page_has_every_metric_as_it_is_and_no_other():
    rows = re.findall(r"^\| `(omnihuman\.\S+)` \| (\w+) \| ([^|]+) \| ([^|]+) \|", PAGE, flags=re.MULTILINE)
    told = {name: (kind, tuple(re.findall(r"`(\w+)`", tags)), unit) for name, kind, tags, unit in rows}
    assert told == {metric.full_name: (str(metric.kind), metric.tags, metric.unit) for metric in METRICS}


def test_the_page_has_every_field_of_the_facet():
    fields = {field.name for field in attrs.fields(OmniHumanRenderRunFacet)} - {"_producer", "_schemaURL", "_deleted"}
    lineage = PAGE.split("## OpenLineage")[1]
    assert {name for name in fields if f"`{name}`" not in lineage and not name.startswith("_")} == set()


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_is_mapped_once_with_the_tag_that_its_name_holds(metric):
    name, labels, rule = series(metric)
    assert name.startswith(f"airflow_{metric.full_name.replace('.', '_')}")
    if metric.named_by:
        assert labels == {metric.named_by: "x"}
        assert mapped(f"airflow.{metric.full_name}") is None
    assert name.endswith("_seconds" if metric.kind is Kind.TIMER else "_total")
    assert (rule.get("observer_type") == "histogram") is (metric.kind is Kind.TIMER)


def test_the_mapping_has_nothing_that_is_not_sent():
    known = {f"airflow.{metric.full_name}" for metric in METRICS}
    assert {rule["match"].removesuffix(".*") for rule in MAPPINGS} == known


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_dashboard_asks_for_what_is_mapped(expression):
    known = {}
    for metric in METRICS:
        name, _, _ = series(metric)
        ending = "_bucket" if metric.kind is Kind.TIMER else ""
        known[name + ending] = {*metric.tags} | ({"le"} if ending else set())
    asked = re.findall(r"airflow_omnihuman_\w+", expression)
    assert asked
    assert set(asked) <= set(known)
    labels = set(re.findall(r"by \((\w+)\)", expression)) | set(re.findall(r"\{(\w+)=~", expression))
    assert all(labels <= known[name] for name in asked)


def test_the_dashboard_shows_every_metric():
    shown = {name.removesuffix("_bucket") for name in re.findall(r"airflow_omnihuman_\w+", " ".join(EXPRESSIONS))}
    assert shown == {series(metric)[0] for metric in METRICS}


def test_the_dashboard_is_one_that_grafana_can_draw():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    assert DASHBOARD["schemaVersion"] >= 39
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    source = {"type": "prometheus", "uid": "${datasource}"}
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells
    for panel in PANELS:
        assert panel["datasource"] == source
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert [target["refId"] for target in panel["targets"]] == [chr(65 + i) for i in range(len(panel["targets"]))]
        assert all(target["datasource"] == source for target in panel["targets"])
    rows = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
    assert rows == ["Jobs", "Money", "Waiting", "Faults", "Archive"]
