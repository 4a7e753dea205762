"""The commands as data, from which both parsers are made. Light: Airflow imports it at each of its own commands."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import Namespace

    from airflow.cli.cli_config import CLICommand

__all__ = ["COMMANDS", "GROUP", "HELP", "Command", "Option", "get_omnihuman_cli_commands"]

GROUP = "omnihuman"
HELP = "OmniHuman avatar videos: submit, wait, archive, and find out what is wrong"


@dataclass(frozen=True, slots=True)
class Option:
    """One argument of a command.

    :param flags: such as ``--image``, or the name of a positional argument
    :param details: what ``argparse`` takes, of what Airflow's ``Arg`` takes, too
    """

    flags: tuple[str, ...]
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Command:
    """One command; its module beside this one has a function ``run``.

    :param name: of the command and of its module
    :param help: one line
    :param options: its arguments
    :param description: what ``--help`` says beside
    """

    name: str
    help: str
    options: tuple[Option, ...]
    description: str = ""

    def __call__(self, args: Namespace) -> None:
        """Run it, and end the process where that did not go well; Airflow calls it."""
        from airflow_provider_omnihuman.cli.running import run

        if code := run(self, args):
            raise SystemExit(int(code))

    @property
    def arguments(self) -> tuple[Option, ...]:
        """Its own options, and those that every command has."""
        return (*self.options, *_COMMON)

    def implementation(self) -> Any:
        """Return the module that does the work."""
        return import_module(f"airflow_provider_omnihuman.cli.{self.name}")


def _option(*flags: str, **details: Any) -> Option:
    return Option(flags, details)


def _flag(*flags: str, text: str) -> Option:
    return Option(flags, {"help": text, "action": "store_true"})


_COMMON = (
    _flag("--json", text="Print exactly one JSON document to stdout, errors too; all else goes to stderr"),
    _flag("-v", "--verbose", text="Tell more on stderr: Airflow's log, and where an error comes from"),
)
_CONNECTION = _option(
    "--conn-id", metavar="ID", default="omnihuman_default", help="Connection of type omnihuman (default: omnihuman_default)"
)
_AWS = _option("--aws-conn-id", metavar="ID", default="aws_default", help="Connection to S3 (default: aws_default)")
_LEDGER = _option(
    "--ledger-path",
    metavar="PATH",
    help="Folder, or URL such as s3://aws_default@bucket/ledger/, where submits are written down (default: "
    "AIRFLOW_HOME/omnihuman/submissions)",
)
_LABEL = _option(
    "--aigc-meta", metavar="JSON", help='Implicit AIGC label to ask for: {"producer_id": …, "content_propagator": …}'
)
_TASK = _option("task_id", metavar="TASK_ID", help="The OmniHuman task's id, as submit printed it")
_TIMEOUT = _option(
    "--timeout", metavar="SECONDS", type=float, default=7200.0, help="How long to wait, seconds; the job goes on (default: 7200)"
)
_OUTPUT = _option("--output", metavar="FILE", help="Download the video to this new file")

COMMANDS = (
    Command(
        "submit",
        "Start a render, which is billed, and print its task id",
        (
            _option("--image", metavar="URL", required=True, help="Portrait: http(s):// or s3:// URL of a JPG or PNG below 5 MB"),
            _option("--audio", metavar="URL", required=True, help="Speech: http(s):// or s3:// URL, shorter than 60 s"),
            _option("--mask", metavar="URL", action="append", help="Who speaks: a mask of `subjects`; up to five times"),
            _option("--prompt", metavar="TEXT", help="Picture, movement and camera"),
            _option("--seed", metavar="N", type=int, default=-1, help="Same seed, same video, very likely (default: -1, random)"),
            _option("--resolution", type=int, choices=(720, 1080), default=1080, help="Of the video (default: 1080)"),
            _flag("--fast", text="Render faster at the cost of quality; advised with 720 only"),
            _option(
                "--max-billed-seconds", metavar="SECONDS", type=float, help="Refuse audio that is longer: each second is billed"
            ),
            _flag("--yes", text="Do not ask: it is paid for"),
            _flag("--force-new", text="Submit, and pay, though the same request was submitted before"),
            _flag("--wait", text="Wait for the video, too"),
            _TIMEOUT,
            _OUTPUT,
            _LABEL,
            _CONNECTION,
            _AWS,
            _LEDGER,
        ),
        "Checks the inputs, tells what the render will cost, asks, and submits once: the same request again finds the job that "
        "is paid for already.",
    ),
    Command(
        "wait",
        "Wait for a video, with a progress bar; print its URL",
        (_TASK, _TIMEOUT, _OUTPUT, _LABEL, _CONNECTION, _LEDGER),
        "May be broken off and begun again as often as you like: the job goes on by itself.",
    ),
    Command("status", "Ask once how a task is", (_TASK, _LABEL, _CONNECTION, _LEDGER)),
    Command(
        "archive",
        "Bring a finished video into S3, verified, with manifest and poster",
        (
            _TASK,
            _option("--to", metavar="S3_URL", required=True, help="s3://bucket/key.mp4, or s3://bucket/prefix/"),
            _flag("--no-replace", text="Refuse to write over another object"),
            _option(
                "--aigc-label",
                choices=("warn", "require", "off"),
                default="warn",
                help="When the label in the file is not the one asked for (default: warn)",
            ),
            _LABEL,
            _CONNECTION,
            _AWS,
            _LEDGER,
        ),
    ),
    Command(
        "subjects",
        "Find who is in a picture, and the masks that choose who speaks",
        (
            _option("image", metavar="IMAGE", help="http(s):// or s3:// URL of a JPG or PNG below 5 MB"),
            _option("--save", metavar="DIR", help="Save the masks in this folder"),
            _option("--to", metavar="S3_URL", help="Copy the masks to S3: s3://bucket/prefix/"),
            _CONNECTION,
            _AWS,
        ),
    ),
    Command(
        "doctor",
        "Check the whole set-up at no cost, and say how to mend it",
        (
            _option("--image", metavar="URL", help="Check this portrait, too"),
            _option("--audio", metavar="URL", help="Check this audio, too"),
            _option("--bucket", metavar="NAME", help="Bucket to check (default: the one in the AWS connection)"),
            _option("--dag-id", metavar="ID", help="Check that this Dag is known, not paused, and free of import errors"),
            _option("--pool", metavar="NAME", default="omnihuman", help="Pool that limits renders (default: omnihuman)"),
            _option("--ledger-path", metavar="URL", help="The ledger_path that your Dags use"),
            _option("--speech-conn-id", metavar="ID", default="doubao_speech_default", help="Connection of type doubao_speech"),
            _flag("--fix", text="Create the pool where it is missing; nothing else is ever changed"),
            _CONNECTION,
            _AWS,
        ),
        "Spends nothing and writes nothing. Checks that need Airflow's metadata database are skipped where there is none.",
    ),
)


def get_omnihuman_cli_commands() -> list[CLICommand]:
    """Return the commands as Airflow 3.2 and later want them; named in the provider info under ``cli``."""
    from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand

    subcommands = [
        ActionCommand(
            name=command.name,
            help=command.help,
            description=f"{command.help}. {command.description}".strip(),
            func=command,
            args=[Arg(flags=option.flags, **option.details) for option in command.arguments],
        )
        for command in COMMANDS
    ]
    return [GroupCommand(name=GROUP, help=HELP, subcommands=subcommands)]
