"""The seed that all clips of a film share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.parameters import optional_integer
from airflow_provider_omnihuman.operators.presenting import PresentedOperator
from airflow_provider_omnihuman.presenters.presenter import DEFAULT_SEED

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg

__all__ = ["PresenterSeedOperator"]


class PresenterSeedOperator(PresentedOperator):
    """Return one seed for all clips of a film: the given one, the presenter's, or a fixed one in place of none or a random one.

    XCom: the return value is the seed, a whole number ≥ 0.

    :param seed: wins over the presenter's, unless it renders to nothing (templated)
    :param presenter: the name of a presenter's file, or its whole ``s3://`` URI (templated)
    :param presenters_path: the folder of presenters, as for ``OmniHumanSubmitOperator`` (templated)
    :param aws_conn_id: the connection to S3 (templated)
    :raises AirflowFailException: the presenter is not there, or its file is wrong
    """

    template_fields: Sequence[str] = ("seed", "presenter", "presenters_path", "aws_conn_id")
    ui_color = "#eee3ff"

    def __init__(
        self,
        *,
        seed: int | str | XComArg | None = None,
        presenter: str | None = None,
        presenters_path: str | None = None,
        aws_conn_id: str | None = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(presenter=presenter, presenters_path=presenters_path, **kwargs)
        self.seed = seed
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> int:
        """Read the presenter; return the seed."""
        with raising_airflow_errors():
            given = optional_integer(self.seed, field="seed")
            presenter = self.read_presenter(context)
        own = presenter.seed if given is None and presenter else given
        return DEFAULT_SEED if own is None or own < 0 else own
