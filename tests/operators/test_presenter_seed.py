"""One seed for all clips of a film, whatever is given and whatever the presenter says."""

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_omnihuman.operators.presenter_seed import PresenterSeedOperator
from airflow_provider_omnihuman.presenters.presenter import DEFAULT_SEED
from tests.task_context import task_context


@pytest.fixture
def seed(connections, tmp_path):
    (tmp_path / "anna.yaml").write_text("seed: 7\n")
    (tmp_path / "random.yaml").write_text("seed: -1\n")

    def read(**arguments):
        operator = PresenterSeedOperator(task_id="seed", presenters_path=str(tmp_path), **arguments)
        return operator.execute(task_context())

    return read


@pytest.mark.parametrize(
    ("given", "presenter", "expected"),
    [
        (None, None, DEFAULT_SEED),
        (None, "anna", 7),
        (None, "random", DEFAULT_SEED),
        ("None", "anna", 7),  # what a template makes of a param that is not set
        ("", None, DEFAULT_SEED),
        ("12", "anna", 12),
        (0, "anna", 0),
        (-1, "anna", DEFAULT_SEED),
    ],
)
def test_the_given_one_wins_and_no_seed_is_random(given, presenter, expected, seed):
    assert seed(seed=given, presenter=presenter) == expected


def test_what_is_no_seed_is_refused_before_anything_is_paid(seed):
    with pytest.raises(AirflowFailException, match="seed must be"):
        seed(seed="seven")
