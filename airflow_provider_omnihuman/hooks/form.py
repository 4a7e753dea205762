"""What every hook of this package tells Airflow about its connection form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowNotFoundException
from airflow.sdk import BaseHook

if TYPE_CHECKING:
    from airflow.sdk import Connection

__all__ = ["HookWithForm"]


class HookWithForm(BaseHook):
    """A hook whose form stands in ``connection_forms``; Airflow 3.1 asks here, later ones read the provider metadata."""

    conn_name_attr: ClassVar[str]
    conn_type: ClassVar[str]
    hook_name: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Airflow 3.1 looks into the hook class's own __dict__ for them, and passes over what is inherited.
        for name in ("get_connection_form_widgets", "get_ui_field_behaviour"):
            setattr(cls, name, HookWithForm.__dict__[name])

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """Return the connection.

        :param conn_id: its id
        :raises AirflowNotFoundException: Airflow's own, with what to do about it
        """
        try:
            return super().get_connection(conn_id)
        except AirflowNotFoundException as error:
            raise AirflowNotFoundException(
                f"{error}: create a connection {conn_id!r} of type {cls.hook_name!r} (Admin → Connections), or set "
                f"AIRFLOW_CONN_{conn_id.upper()} on every worker and triggerer, or name another one with {cls.conn_name_attr}; "
                "where it comes from a secrets backend, see whether the log tells of that one's failure"
            ) from error

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the form's fields."""
        from airflow_provider_omnihuman.connection_forms import form_widgets

        return form_widgets(cls.conn_type)

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return the form's labels."""
        from airflow_provider_omnihuman.connection_forms import ui_field_behaviour

        return ui_field_behaviour(cls.conn_type)
