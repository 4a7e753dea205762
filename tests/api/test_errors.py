"""Errors say what happened, to which task and what to do, and cross the trigger boundary whole."""

from __future__ import annotations

import json
import pickle

import pytest

from airflow_provider_omnihuman.api import errors
from airflow_provider_omnihuman.api.error_codes import Retry
from airflow_provider_omnihuman.api.errors import OmniHumanError, error_from_dict

CLASSES = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]


@pytest.mark.parametrize("cls", CLASSES)
def test_every_error_comes_back_whole_from_plain_data(cls):
    original = cls(
        "what happened", code="50215", request_id="r", logid="l", http_status=400, task_id="7", retry=Retry.NEW_SUBMIT, advice="a"
    )
    for copy in (error_from_dict(json.loads(json.dumps(original.to_dict()))), pickle.loads(pickle.dumps(original))):
        assert type(copy) is cls
        assert vars(copy) == vars(original)
        assert str(copy) == str(original)


def test_the_message_says_code_task_request_and_advice():
    error = OmniHumanError("it broke", code="50500", task_id="7", request_id="req-1", advice="ask again")
    assert str(error) == "[50500] it broke (task 7, request req-1): ask again"


def test_an_error_of_a_newer_version_is_not_lost():
    error = error_from_dict({"error": "BrandNewError", "message": "it broke", "retry": "brand_new", "colour": "red"})
    assert (type(error), str(error)) == (OmniHumanError, "it broke")
    assert not error.retryable


@pytest.mark.parametrize("data", [{}, {"retry": []}, {"request_id": 5, "message": None}, {"error": ["x"], "task_id": 7}])
def test_an_error_of_odd_data_is_an_error_still(data):
    error = error_from_dict(data)
    assert str(error)
    assert str(error_from_dict(error.to_dict())) == str(error)
