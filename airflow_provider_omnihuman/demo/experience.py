"""What this Airflow would have learned after some renders, had the service always been as fast as the demo's emulator.

Without it the first render of each demo would be looked for when a real one may be done: after minutes.
"""

from __future__ import annotations

from pathlib import Path

from airflow_provider_omnihuman.api.render_times import RenderTimes
from airflow_provider_omnihuman.hooks.default_connections import OMNIHUMAN_CONN_ID
from airflow_provider_omnihuman.hooks.render_times_file import RenderTimesFile

__all__ = ["write_experience"]

_KINDS = {"720": 1.0, "720-fast": 0.6, "1080": 1.0, "1080-fast": 0.6}
_BASE_S, _PER_AUDIO_S = 15.0, 35.0
"""The emulator's, by whose own clock it works as slowly as the real service."""
_AUDIO_S = (2.0, 4.0, 6.0, 8.0, 10.0, 12.0)
_OFF = (0.95, 1.05)


def write_experience(airflow_home: Path, *, speed: float) -> None:
    """Write the file that a triggerer reads when it starts to wait.

    :param airflow_home: of the Airflow to come
    :param speed: how many times faster than real the emulator works; where it stands still there is nothing to learn
    """
    if speed <= 0:
        return
    times = RenderTimes()
    for kind, share in _KINDS.items():
        for audio_s in _AUDIO_S:
            for off in _OFF:
                took_s = (_BASE_S + _PER_AUDIO_S * audio_s) * share * off / speed
                times.record(kind, audio_s=audio_s, took_s=took_s, running_s=0.98 * took_s)
    RenderTimesFile(OMNIHUMAN_CONN_ID, home=airflow_home).save(times.to_dict())
