"""Writes the implicit AIGC label into a finished video, as a query may ask for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import av

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_label(source: Path, target: Path, meta: Mapping[str, str]) -> None:
    """Copy the streams unchanged and add the label.

    The key and the fields are those of GB 45438-2025; without ``use_metadata_tags`` ffmpeg drops the key.
    """
    label = {
        "Label": "1",
        "ContentProducer": meta.get("content_producer", ""),
        "ProduceID": meta["producer_id"],
        "ReservedCode1": "",
        "ContentPropagator": meta["content_propagator"],
        "PropagateID": meta.get("propagate_id", ""),
        "ReservedCode2": "",
    }
    options = {"movflags": "use_metadata_tags+faststart"}
    partial = target.with_suffix(".part")
    with av.open(source) as before, av.open(partial, "w", format="mp4", options=options) as after:
        after.metadata["AIGC"] = json.dumps(label, ensure_ascii=False)
        streams = {stream.index: after.add_stream_from_template(stream) for stream in before.streams}
        for packet in before.demux():
            if packet.dts is None:  # the flushing packet at each stream's end
                continue
            packet.stream = streams[packet.stream.index]
            after.mux(packet)
    partial.replace(target)
