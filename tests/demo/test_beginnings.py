"""What a run begins with."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.demo.beginnings import check_parameters
from airflow_provider_omnihuman.demo.failures import DemoError


def test_what_a_dag_has_no_parameter_for_is_refused():
    with pytest.raises(DemoError, match=r"the Dag song has no parameter text, voice; it has: prompt, song"):
        check_parameters({"text": "a", "voice": "b", "song": "c"}, {"song", "prompt"}, "song")


def test_what_it_has_parameters_for_is_fine():
    check_parameters({"song": "c"}, {"song", "prompt"}, "song")
    check_parameters({}, set(), "song")
