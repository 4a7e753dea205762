"""Runs moto's server without its access log, in which presigned URLs would stand in full."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> None:
    """Serve until a signal comes; failures are still logged.

    :param arguments: moto's own options.
    """
    from moto.server import main as serve

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    serve(list(arguments))


if __name__ == "__main__":
    main(sys.argv[1:])
