"""What the Prometheus statsd_exporter makes of a StatsD name with the mapping that is shipped, in a few lines of its rules."""

from __future__ import annotations

import re
from typing import Any

import yaml

from airflow_provider_omnihuman.observability.catalogue import Metric
from tests.conftest import PROJECT

MAPPINGS: list[dict[str, Any]] = yaml.safe_load((PROJECT / "docs" / "grafana" / "statsd-mapping.yaml").read_text())["mappings"]


def mapped(name: str) -> tuple[str, dict[str, str], dict[str, Any]] | None:
    """Return name, labels and rule: the first glob that matches, its stars one part each; None where the name is dropped."""
    for rule in MAPPINGS:
        pattern = re.escape(rule["match"]).replace(r"\*", r"([^.]*)")
        if match := re.fullmatch(pattern, name):
            labels = {key: value.replace("$1", match[1]) for key, value in rule.get("labels", {}).items()}
            return None if rule.get("action") == "drop" else (rule["name"], labels, rule)
    raise AssertionError(f"{name} is not mapped")


def series(metric: Metric) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Return name, labels and rule of a metric."""
    name = f"airflow.{metric.full_name}"
    found = mapped(f"{name}.x" if metric.named_by else name)
    assert found is not None
    return found
