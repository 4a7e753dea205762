"""The command ``omnihuman-emulator``."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from airflow_provider_omnihuman.emulator.catalogue import SITES
from airflow_provider_omnihuman.emulator.errors import StartError
from airflow_provider_omnihuman.emulator.extras import check_extras
from airflow_provider_omnihuman.emulator.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_omnihuman.emulator.server import Addresses

_BAD_START = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run an emulator until SIGTERM or SIGINT; return the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    settings = Settings(
        **{name: getattr(options, name) for name in _setting_names() if name != "fetch_hosts"},
        fetch_hosts=tuple(options.fetch_host),
    )
    try:
        check_extras()
        asyncio.run(_serve(settings, options.ready_file))
    except StartError as error:
        print(f"omnihuman-emulator: {error}", file=sys.stderr)  # noqa: T201
        return _BAD_START
    return 0


async def _serve(settings: Settings, ready_file: Path | None) -> None:
    # Only now: a wrong argument should not wait for the media libraries.
    from airflow_provider_omnihuman.emulator.server import serving

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(settings) as (addresses, _):
        _announce(addresses, ready_file)
        await stop.wait()


def _announce(addresses: Addresses, ready_file: Path | None) -> None:
    """Say once, for a program to read, that requests are taken."""
    line = json.dumps({"endpoint": addresses.endpoint, "admin": addresses.admin, "pid": os.getpid()})
    if ready_file is not None:
        partial = ready_file.with_name(f".{ready_file.name}.part")
        try:
            partial.write_text(line + "\n")
            partial.replace(ready_file)
        except OSError as error:
            raise StartError(f"cannot write {ready_file}: {error.strerror}") from error
    print(line, flush=True)  # noqa: T201


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(_BAD_START, f"{self.prog}: {message} (see --help)\n")


def _setting_names() -> list[str]:
    return [field.name for field in fields(Settings)]


def _parser() -> argparse.ArgumentParser:
    default = Settings()
    parser = _OneLineParser(
        "omnihuman-emulator",
        description="The OmniHuman API as a local server, as strict as the real one. Its videos are stand-ins.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default=default.host, help="address of the API; the admin API is always on 127.0.0.1")
    add("--port", type=_port, default=default.port, help="port of the API; 0 is any free one")
    add("--admin-port", type=_port, default=default.admin_port, help="port of the admin API")
    add("--data-dir", type=Path, help="keeps tasks and videos here; otherwise they go with the process")
    add("--ready-file", type=Path, help="write the ready line to this file too")
    add("--site", choices=["any", *SITES], default=default.site, help="which cloud to play")
    add("--access-key", default=default.access_key, help="the access key that callers sign with")
    add("--secret-key", default=default.secret_key, help="the secret key that callers sign with")
    add("--session-token", default=default.session_token, help="demand this STS token too")
    add("--role-trn", default=default.role_trn, help="the role that these keys may assume by STS")
    add("--role-session-s", type=_natural, default=default.role_session_s, help="life of STS keys; 0 is as asked for")
    add("--speech-api-key", default=default.speech_api_key, help="X-Api-Key of the speech API")
    add("--speech-app-id", default=default.speech_app_id, help="X-Api-App-Id, for the old console's headers")
    add("--speech-access-token", default=default.speech_access_token, help="X-Api-Access-Key, with the app id")
    add("--speed", type=_positive, default=default.speed, help="seconds of work done in one real second")
    add("--concurrency", type=_natural, default=default.concurrency, help="jobs at once; 0 is no limit")
    add("--qps", type=_natural, default=default.qps, help="requests a second; 0 is no limit")
    add("--speech-concurrency", type=_natural, default=default.speech_concurrency, help="texts at once")
    add("--speech-text-limit", type=_natural, default=default.speech_text_limit, help="characters in a text")
    add("--price-per-s", type=_positive, default=default.price_per_s, help="CNY for a second of video")
    add("--fetch-host", action="append", default=[], help="also fetch inputs from this host; repeatable")
    return parser


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0")
    return int(text)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return value
