"""Airflow's metadata database, where this machine has it: read as Airflow's own commands do, and never made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["NoMetadataError", "connection_ids", "session"]


class NoMetadataError(Exception):
    """There is no metadata database here, or it cannot be read."""


@contextmanager
def session() -> Iterator[Session]:
    """Yield a session.

    :raises NoMetadataError: says why there is none
    """
    from airflow.utils.session import create_session
    from sqlalchemy.exc import SQLAlchemyError

    _check()
    try:
        with create_session() as opened:
            yield opened
    except SQLAlchemyError as error:
        raise NoMetadataError(f"the metadata database cannot be read ({type(error).__name__})") from error


def connection_ids(conn_type: str) -> list[str] | None:
    """Return the ids of all connections of a type in the database; None where there is no database.

    :param conn_type: such as ``omnihuman``
    """
    from airflow.models.connection import Connection
    from sqlalchemy import select

    try:
        with session() as opened:
            query = select(Connection.conn_id).where(Connection.conn_type == conn_type).order_by(Connection.conn_id)
            return [str(conn_id) for conn_id in opened.scalars(query)]
    except NoMetadataError:
        return None


def _check() -> None:
    """Refuse what is no database of Airflow's; a look must not make an empty one."""
    from airflow import settings
    from sqlalchemy import inspect
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    url = make_url(str(settings.SQL_ALCHEMY_CONN or ""))
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).is_file()):
        raise NoMetadataError("no metadata database: its SQLite file is not there")
    try:
        has_tables = inspect(_engine()).has_table("slot_pool")
    except SQLAlchemyError as error:
        raise NoMetadataError(f"the metadata database does not answer ({type(error).__name__})") from error
    if not has_tables:
        raise NoMetadataError("the metadata database has no tables: `airflow db migrate` makes them")


def _engine() -> Any:
    from airflow import settings

    make: Callable[[], Any] | None = getattr(settings, "get_engine", None)  # 3.2 and later
    return make() if make else settings.engine
