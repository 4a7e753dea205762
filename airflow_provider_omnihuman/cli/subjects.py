"""``subjects``: who is in a picture, and the mask of each."""

from __future__ import annotations

import io
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from airflow_provider_omnihuman.api.urls import without_query
from airflow_provider_omnihuman.cli.answers import Answer, Refusal
from airflow_provider_omnihuman.cli.archive import executed
from airflow_provider_omnihuman.cli.connecting import connected
from airflow_provider_omnihuman.cli.exit_codes import ExitCode
from airflow_provider_omnihuman.cli.inputs import media_inputs, refuse_local_files
from airflow_provider_omnihuman.cli.masks import place_of

if TYPE_CHECKING:
    from airflow_provider_omnihuman.cli.terminal import Terminal
    from airflow_provider_omnihuman.operators.inputs import MediaInputs

__all__ = ["run"]


def run(args: Namespace, terminal: Terminal) -> Answer:
    """Recognise and detect; save or copy the masks where that is asked for.

    :param args: of the command line
    :param terminal: told what happens
    """
    from airflow_provider_omnihuman.operators.subjects import OmniHumanSubjectDetectionOperator

    refuse_local_files([("IMAGE", args.image)])
    folder = _folder(args.save)
    hook = connected(args.conn_id)
    inputs = media_inputs(args.aws_conn_id)
    portrait = inputs.url(args.image, field="IMAGE")
    inputs.check_image(portrait, shown=without_query(args.image), field="IMAGE")
    with terminal.working(f"Looking at {without_query(args.image)}"):
        found = hook.recognize_subject(portrait)
        detecting = OmniHumanSubjectDetectionOperator(
            task_id="subjects",
            image_url=args.image,
            s3_key=args.to,
            on_missing="continue",
            check_inputs=False,
            omnihuman_conn_id=args.conn_id,
            aws_conn_id=args.aws_conn_id,
        )
        masks = [
            _mask(number, url, inputs=inputs, folder=folder) for number, url in enumerate(executed(detecting, "subjects"), 1)
        ]
    facts = {"image": without_query(args.image), "recognized": found, "masks": masks}
    if not masks:
        says = "a subject, but no mask" if found else "no person, human-like or anthropomorphic subject"
        return Answer(facts=facts, text=(f"{says} was found: use a picture with a clear subject",), code=ExitCode.FAILED)
    return Answer(facts=facts, text=(_table(masks), *(f"{mask['number']}  {mask['file'] or mask['url']}" for mask in masks)))


def _folder(name: str | None) -> Path | None:
    if not name:
        return None
    folder = Path(name).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(
            f"--save {folder}: {error.strerror}", code=ExitCode.BAD_INPUT, advice="name a folder", facts={"type": "OutputFile"}
        ) from error
    return folder


def _mask(number: int, url: str, *, inputs: MediaInputs, folder: Path | None) -> dict[str, Any]:
    """Return what is told of a mask; save it where that is asked for."""
    picture = _fetched(inputs.url(url, field="mask"))
    place = place_of(picture)
    file = folder / f"mask-{number}.png" if folder else None
    if file:
        file.write_bytes(picture)
    return {
        "number": number,
        "where": place.where,
        "share": round(place.share, 3),
        "url": url,
        "file": str(file) if file else None,
    }


class _Memory(io.BytesIO):
    """A small file on its way."""

    def restart(self) -> None:
        """Forget all bytes."""
        self.seek(0)
        self.truncate()


def _fetched(url: str) -> bytes:
    from airflow_provider_omnihuman.api.download import PATIENCE, Download

    memory = _Memory()
    Download(url, memory, fresh_url=None, patience=PATIENCE).run()
    return memory.getvalue()


def _table(masks: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("mask", justify="right")
    table.add_column("where")
    table.add_column("of the picture", justify="right")
    for mask in masks:
        table.add_row(str(mask["number"]), mask["where"], f"{mask['share']:.0%}")
    return table
