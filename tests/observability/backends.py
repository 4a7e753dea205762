"""StatsD clients as a deployment may bring its own: ones that do not work."""

from __future__ import annotations

from statsd import StatsClient


class BrokenClient(StatsClient):
    """Raises at each metric of ours."""

    def _after(self, data):
        if "omnihuman" in data:
            raise OSError("the metrics' host is on fire")
        super()._after(data)
