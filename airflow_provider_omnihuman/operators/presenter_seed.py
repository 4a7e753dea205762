"""The seed that all clips of a film share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.presenting import PresentedOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = ["DEFAULT_SEED", "PresenterSeedOperator"]

DEFAULT_SEED = 20251
"""Any will do, as long as it stays the same: then the same piece gives the same video, which is found in the archive."""


class PresenterSeedOperator(PresentedOperator):
    """Return a presenter's seed, or a fixed one where that has none, or a random one: clips of one film look alike by it.

    XCom: the return value is the seed, a whole number ≥ 0.

    :param presenter: the name of a presenter's file, or its whole ``s3://`` URI (templated)
    :param presenters_path: the folder of presenters, as for ``OmniHumanSubmitOperator`` (templated)
    :param aws_conn_id: the connection to S3 (templated)
    :raises AirflowFailException: the presenter is not there, or its file is wrong
    """

    template_fields: Sequence[str] = ("presenter", "presenters_path", "aws_conn_id")
    ui_color = "#eee3ff"

    def __init__(
        self,
        *,
        presenter: str | None = None,
        presenters_path: str | None = None,
        aws_conn_id: str | None = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(presenter=presenter, presenters_path=presenters_path, **kwargs)
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> int:
        """Read the presenter; return the seed."""
        with raising_airflow_errors():
            presenter = self.read_presenter(context)
        own = None if presenter is None else presenter.seed
        return DEFAULT_SEED if own is None or own < 0 else own
