"""A presenter by its name: found where presenters lie, read, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError, OmniHumanError
from airflow_provider_omnihuman.api.urls import check_media_url, is_signed, shown, without_query
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.presenters.document import read_document
from airflow_provider_omnihuman.presenters.fields import checked_fields
from airflow_provider_omnihuman.presenters.folders import Folder, LocalFolder, S3Folder
from airflow_provider_omnihuman.presenters.presenter import Presenter
from airflow_provider_omnihuman.presenters.templating import rendered

__all__ = ["ENDINGS", "PresenterFolder", "load_presenter"]

ENDINGS = (".yaml", ".yml", ".json")
_S3 = "s3://"
_NAME = re.compile(r"\w[\w.-]*")
"""A file's name without a folder: ``../`` leads nowhere."""
_BESIDE_THE_DAG = "presenters"
_SHOWN_NAMES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenterFolder:
    """What tells where presenters lie.

    :param path: a folder of this machine or in S3; a relative one is beside the Dag file. None: as ``option`` says
    :param option: Airflow's option ``[omnihuman] presenters_path``; None: ``presenters/`` beside the Dag file
    :param dag_file: the Dag's file; None where there is no Dag
    :param aws_conn_id: the connection to S3
    """

    path: str | None = None
    option: str | None = None
    dag_file: str | None = None
    aws_conn_id: str | None = "aws_default"

    def open(self) -> Folder:
        """Return the folder.

        :raises InvalidRequestError: it is beside a Dag file that nobody knows
        """
        chosen = self.path or self.option or _BESIDE_THE_DAG
        if chosen.lower().startswith(_S3):
            return S3Folder.of(chosen, aws_conn_id=self.aws_conn_id, field="presenters_path")
        if Path(chosen).is_absolute():
            return LocalFolder(Path(chosen))
        if not self.dag_file:
            raise InvalidRequestError(
                f"presenters_path {shown(chosen)} is relative, and the Dag's file is not known", advice="give an absolute one"
            )
        return LocalFolder(Path(self.dag_file).parent / chosen)


def load_presenter(name: str, *, folder: PresenterFolder, names: Mapping[str, Any] | None = None) -> Presenter:
    """Return a presenter, checked.

    :param name: of the file ``<name>.yaml``, ``.yml`` or ``.json`` in the folder; or a whole ``s3://…/<name>.yaml``
    :param folder: where to look
    :param names: what the placeholders in its texts stand for; None leaves them as they are
    :raises InvalidRequestError: names the file and the field, or where it was looked for and what is there
    """
    place, filename, data = _found(name, folder)
    source = place.path(filename)
    document = read_document(data, source=source)
    given = checked_fields(document if names is None else rendered(document, names=names, source=source), source=source)
    if "portrait" in given:
        given["portrait"] = _portrait(given["portrait"], place, source=source)
    elif "mask" in given:
        raise InvalidRequestError(
            f"presenter {source}: mask is the number of a subject of the portrait, and there is no portrait"
        )
    if "mask" in given and isinstance(given["portrait"], str) and not given["portrait"].lower().startswith(_S3):
        raise InvalidRequestError(
            f"presenter {source}: mask needs a portrait that is known by its bytes, and {given['portrait']} is a URL",
            advice="put the picture into S3, or beside this file",
        )
    return Presenter(source=source, **given)


def _found(name: str, folder: PresenterFolder) -> tuple[Folder, str, bytes]:
    if name.lower().startswith(_S3):
        return _named(name, aws_conn_id=folder.aws_conn_id)
    if not _NAME.fullmatch(name):
        raise InvalidRequestError(
            f"presenter {shown(name)} is no name of a presenter",
            advice="give the file's name alone, without folder and ending, or a whole s3:// URI",
        )
    place = folder.open()
    found = [(filename, data) for filename in _filenames(name) if (data := place.read(filename)) is not None]
    if not found:
        raise _missing(name, place)
    if len(found) > 1:
        both = " and ".join(filename for filename, _ in found)
        raise InvalidRequestError(f"presenter {name!r} is in {place.shown} twice: {both}", advice="keep one of them")
    return place, *found[0]


def _filenames(name: str) -> list[str]:
    return [f"{name}{ending}" for ending in ENDINGS]


def _named(uri: str, *, aws_conn_id: str | None) -> tuple[Folder, str, bytes]:
    location = S3Location.from_uri(uri, field="presenter")
    folder, _, filename = location.key.rpartition("/")
    if not filename.lower().endswith(ENDINGS):
        raise InvalidRequestError(f"presenter {shown(uri)} must end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
    place = S3Folder.of(f"{_S3}{location.bucket}/{folder}", aws_conn_id=aws_conn_id, field="presenter")
    data = place.read(filename)
    if data is None:
        raise _missing(filename, place)
    return place, filename, data


def _missing(name: str, place: Folder) -> InvalidRequestError:
    there = sorted({stem for item in place.filenames() if (stem := _stem(item))})
    close = get_close_matches(_stem(name) or name, there, n=1)
    known = ", ".join(there[:_SHOWN_NAMES]) + (" …" if len(there) > _SHOWN_NAMES else "")
    tried = name if name.lower().endswith(ENDINGS) else f"{name}{'|'.join(ENDINGS)}"
    return InvalidRequestError(
        f"there is no presenter {place.path(tried)}" + (f": did you mean {close[0]!r}?" if close else ""),
        advice=f"there are {known}"
        if there
        else "no presenter can be seen there: give presenters_path, set [omnihuman] presenters_path, or put a folder presenters/ "
        "beside the Dag file",
    )


def _stem(filename: str) -> str:
    return next((filename[: -len(ending)] for ending in ENDINGS if filename.lower().endswith(ending)), "")


def _portrait(given: str, place: Folder, *, source: str) -> str | Path:
    """Return a URL as it is, and anything else as a place beside the file."""
    try:
        if given.lower().startswith(_S3):
            return S3Location.from_uri(given, field="portrait").uri
        if "://" not in given and not given.lower().startswith("data:"):
            return place.portrait(given)
        url = check_media_url(given, field="portrait")
    except OmniHumanError as error:
        raise InvalidRequestError(f"presenter {source}: {error.message}", advice=error.advice) from error
    if is_signed(url):
        raise InvalidRequestError(
            f"presenter {source}: portrait {without_query(url)} is signed, which expires, and is a secret",
            advice="give an s3:// URI, or a file beside the presenter's",
        )
    return url
