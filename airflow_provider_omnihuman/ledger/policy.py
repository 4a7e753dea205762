"""What the user wants done where money may be lost."""

from __future__ import annotations

from enum import StrEnum

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import shown

__all__ = ["Policy"]


class Policy(StrEnum):
    """What to do about money that may be lost."""

    FAIL = "fail"
    """Stop, and tell a person."""
    RESUBMIT = "resubmit"
    """Submit, and pay, once more."""

    @classmethod
    def read(cls, value: object, *, field: str) -> Policy:
        """Return the policy of that name.

        :raises InvalidRequestError: names the argument and its values
        """
        try:
            return cls(value)  # type: ignore[arg-type]  # anything else is refused
        except ValueError as error:
            raise InvalidRequestError(f'{field} must be "fail" or "resubmit", not {shown(value)}') from error
