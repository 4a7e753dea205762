"""A multipart upload with several parts on their way at once, in bounded memory, that leaves nothing behind when it breaks.

One buffer is filled while those of the parts in flight are sent. When as many are out as may be, ``write`` waits for one of
them, and the download behind it waits too: a slow S3 costs time, never memory.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import FIRST_COMPLETED, FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, Self

from airflow_provider_omnihuman.archive.location import S3Location

__all__ = ["IN_FLIGHT", "PART_BYTES", "MultipartUpload"]

log = logging.getLogger(__name__)

PART_BYTES = 5 * 1024 * 1024
"""The least that S3 takes for all parts but the last (S3 user guide, "Multipart upload limits"); the 10,000 that it allows are
50 GB. Small parts, since the videos are small: one of 30 MB still goes up in six."""
IN_FLIGHT = 4
"""With the buffer that is filled, 25 MiB."""
_PIECE_BYTES = 64 * 1024
STOP_S = 5.0
"""One whose bytes are all in the kernel's buffers ends with S3's answer or boto's own timeout, a minute later."""


class _NotWanted(BaseException):
    """Ends the sending of a part. No ``Exception``, which boto would wrap and retry."""


class _Part:
    """A part's bytes as the file that boto reads them from, which ends at once when the part is not wanted any more.

    Reads are short: over TLS, boto cuts each piece that it gets into pieces of 16 KiB by copying the rest again and again (its
    ``AwsChunkedWrapper``), which for the mebibyte that it asks for costs five times the CPU of 64 KiB.
    """

    def __init__(self, number: int, buffer: bytearray, size: int, unwanted: threading.Event) -> None:
        self.number = number
        self.buffer = buffer
        self._size = size
        self._unwanted = unwanted
        self._position = 0

    def read(self, size: int | None = -1, /) -> bytes:
        if self._unwanted.is_set():
            raise _NotWanted
        left = self._size - self._position
        length = left if size is None or size < 0 else min(size, left, _PIECE_BYTES)
        start, self._position = self._position, self._position + length
        return bytes(memoryview(self.buffer)[start : self._position])

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._position = offset + (0, self._position, self._size)[whence]
        return self._position

    def tell(self) -> int:
        return self._position


class MultipartUpload:
    """One multipart upload: completed explicitly, aborted on any other way out.

    :param client: a boto3 S3 client, which threads may share (boto3 documentation, "Multithreading or multiprocessing")
    :param location: where the object will be
    :param extra_args: ``ContentType``, ``ServerSideEncryption`` and the like, for ``create_multipart_upload``
    :param in_flight: how many parts are sent at once
    :param stop_s: how long to wait for parts that are not wanted any more, seconds
    """

    def __init__(
        self,
        client: Any,
        location: S3Location,
        *,
        extra_args: dict[str, Any],
        in_flight: int = IN_FLIGHT,
        stop_s: float = STOP_S,
    ) -> None:
        self._client = client
        self._where = {"Bucket": location.bucket, "Key": location.key}
        self._extra_args = extra_args
        self._in_flight = in_flight
        self._stop_s = stop_s
        self._senders = ThreadPoolExecutor(in_flight, thread_name_prefix="upload_part")
        self._free: list[bytearray] = []
        self._running: dict[Future[str], _Part] = {}
        self._upload: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._create()
        return self

    def restart(self) -> None:
        """Throw away what was written, and begin anew."""
        self._abort()
        self._create()

    def _create(self) -> None:
        self._etags: dict[int, str] = {}
        self._sent = self._filled = 0
        self._unwanted = threading.Event()
        reply = self._client.create_multipart_upload(**self._where, **self._extra_args)
        self._upload = {**self._where, "UploadId": reply["UploadId"]}

    def write(self, chunk: bytes) -> None:
        """Add bytes; a part goes up whenever one is full. Waits while as many are on their way as may be.

        :raises Exception: boto's, where a part that was on its way failed
        """
        rest = memoryview(chunk)
        while rest:
            if not self._filled:
                self._take_buffer()
            taken = min(len(rest), PART_BYTES - self._filled)
            self._filling[self._filled : self._filled + taken] = rest[:taken]
            self._filled += taken
            rest = rest[taken:]
            if self._filled == PART_BYTES:
                self._send_part()

    def send_rest(self) -> None:
        """Send the last part, without waiting for it; nothing can be written after it."""
        if self._filled or not self._sent:
            if not self._filled:
                self._take_buffer()
            self._send_part()

    def complete(self) -> None:
        """Wait until all parts are there and make the object of them; from now on it can be seen.

        :raises Exception: boto's, where a part failed
        """
        self._collect(wait(self._running, return_when=FIRST_EXCEPTION).done)
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in sorted(self._etags.items())]
        self._client.complete_multipart_upload(**self._upload, MultipartUpload={"Parts": parts})
        self._upload = {}

    def _take_buffer(self) -> None:
        self._filling = self._free.pop() if self._free else bytearray(PART_BYTES)

    def _send_part(self) -> None:
        """Send what is filled; wait before it if as many as may be are on their way."""
        is_full = len(self._running) >= self._in_flight
        self._collect(wait(self._running, timeout=None if is_full else 0, return_when=FIRST_COMPLETED).done)
        self._sent += 1
        part = _Part(self._sent, self._filling, self._filled, self._unwanted)
        self._filled = 0
        self._running[self._senders.submit(self._send, part)] = part

    def _send(self, part: _Part) -> str:
        """Send one part, in a thread of its own; return S3's ETag."""
        reply = self._client.upload_part(**self._upload, PartNumber=part.number, Body=part)
        return str(reply["ETag"])

    def _collect(self, done: set[Future[str]]) -> None:
        """Note what S3 said of parts that are through.

        :raises Exception: boto's, where one failed
        """
        for future in done:
            part = self._running.pop(future)
            self._free.append(part.buffer)
            self._etags[part.number] = future.result()

    def __exit__(self, _type: type[BaseException] | None, _value: BaseException | None, _tb: TracebackType | None) -> None:
        try:
            if self._upload:
                self._abort()
        finally:
            self._senders.shutdown(wait=False, cancel_futures=True)

    def _abort(self) -> None:
        """End all sending, then abort: a part that lands after the abort would be stored, and billed, for ever.

        Where a part cannot be ended in time, its upload is aborted once more when it has ended, as S3 advises for parts in
        progress (S3 API reference, ``AbortMultipartUpload``).
        """
        self._unwanted.set()
        for future in self._running:
            future.cancel()
        stuck = wait(self._running, timeout=self._stop_s).not_done
        self._free += [part.buffer for future, part in self._running.items() if future not in stuck]
        self._running = {}
        upload, self._upload = self._upload, {}
        self._ask_to_abort(upload)
        for future in stuck:
            future.add_done_callback(lambda _future: self._ask_to_abort(upload))

    def _ask_to_abort(self, upload: dict[str, Any]) -> None:
        try:
            self._client.abort_multipart_upload(**upload)
        except self._client.exceptions.NoSuchUpload:
            log.debug("The multipart upload of %(Bucket)s/%(Key)s is gone already", self._where)
        except Exception:
            # What broke the upload is what the user must see; S3's lifecycle rules can sweep up the parts.
            log.warning("The multipart upload of %(Bucket)s/%(Key)s could not be aborted", self._where, exc_info=True)
