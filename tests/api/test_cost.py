"""A cost is an estimate by a price that somebody has given; without one there is none."""

from __future__ import annotations

import json

import pytest

from airflow_provider_omnihuman.api.cost import Price, cost_text


def test_without_a_price_nothing_is_assumed():
    assert Price().estimate(12.5) == {"estimated_seconds": 12.5, "estimated_cost": None}
    assert Price().billed(12.5) == {"billed_seconds": 12.5, "cost": None}


def test_an_estimate_is_the_audios_length_at_the_connections_price():
    price = Price(1.2, "USD")
    assert price.estimate(10.0) == {"estimated_seconds": 10.0, "estimated_cost": {"amount": 12.0, "currency": "USD"}}
    assert price.estimate(None) == {"estimated_seconds": None, "estimated_cost": None}
    assert price.billed(3.333333)["cost"] == {"amount": 4.0, "currency": "USD"}
    json.dumps(price.estimate(10.0), allow_nan=False)


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        ({"amount": 4.2, "currency": "CNY"}, "4.20 CNY"),
        ({"amount": 0, "currency": "CNY"}, "0.00 CNY"),
        ({"amount": 4.2}, "4.20"),
        ({"amount": True, "currency": "CNY"}, ""),
        ({"amount": float("nan"), "currency": "CNY"}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_an_amount_is_said_with_its_currency(cost, words):
    assert cost_text(cost) == words
