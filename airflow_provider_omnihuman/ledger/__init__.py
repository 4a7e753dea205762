"""The submission ledger: what is remembered of a paid job, so that no retry, clear or restart pays for it again."""
