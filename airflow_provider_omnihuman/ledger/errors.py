"""What can go wrong with the ledger; part of the tree in ``api.errors``."""

from __future__ import annotations

from airflow_provider_omnihuman.api.errors import OmniHumanError

__all__ = ["LedgerError", "OrphanedIntentError"]


class LedgerError(OmniHumanError):
    """The ledger cannot be read or written: whether a job exists is not known, so nothing is submitted."""


class OrphanedIntentError(OmniHumanError):
    """An earlier try died inside the submit: the job may exist, and be billed. A person, or a policy, must decide."""
