"""The command ``omnihuman-demo``: its exit code is 0 only if the archived video was verified."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.demo.examples import dags_in
from airflow_provider_omnihuman.demo.extras import check_extras
from airflow_provider_omnihuman.demo.failures import DemoError, Interrupted
from airflow_provider_omnihuman.demo.options import read_options
from airflow_provider_omnihuman.demo.signals import signals_interrupt

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo, and return its exit code.

    :param arguments: the words after the command; the process's own when ``None``.
    """
    options = read_options(arguments)
    try:
        if options.list_dags:
            for name, headline in dags_in(options.dags).items():
                print(f"{name:25} {headline}")
            return 0
        with signals_interrupt():
            check_extras()
            from airflow_provider_omnihuman.demo import story

            story.tell(options)
    except DemoError as error:
        _complain(error)
        return 1
    except Interrupted as interrupted:
        print(f"\nstopped by {signal.Signals(interrupted.signal_number).name}: nothing is left running", file=sys.stderr)
        return 128 + interrupted.signal_number
    return 0


def _complain(error: DemoError) -> None:
    if error.log_tail:
        print(f"\n--- the end of {error.log_title}", file=sys.stderr)
        print(error.log_tail, file=sys.stderr)
        print("---", file=sys.stderr)
    print(f"\ndemo failed: {error.message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
