"""Strict readers of caption files, written from the formats' own rules and not from our writers."""

from __future__ import annotations

import html
import re

_VTT_TIME = r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})"
_SRT_TIME = r"(\d{2,}):([0-5]\d):([0-5]\d),(\d{3})"


def seconds(groups):
    hours, minutes, whole, milliseconds = map(int, groups)
    return hours * 3600 + minutes * 60 + whole + milliseconds / 1000


def read_vtt(text):
    """Return start, end, speaker and text of each cue, by W3C's WebVTT: blocks between blank lines, tags, named characters."""
    assert "\r" not in text
    assert "\0" not in text
    head, *rest = text.rstrip("\n").split("\n\n")
    assert head == "WEBVTT"
    return [_vtt_cue(block) for block in rest]


def _vtt_cue(block):
    identifier, times, *lines = block.split("\n")
    assert "-->" not in identifier
    found = re.fullmatch(f"{_VTT_TIME} --> {_VTT_TIME}", times)
    assert found, times
    assert lines
    assert all(line.strip() for line in lines)
    payload = "\n".join(lines)
    assert "-->" not in payload
    voice = re.match(r"<v ([^<>\n]+)>", payload)
    body = payload[voice.end() :] if voice else payload
    assert not re.search(r"[<>]", body), "no other tags are written"
    assert not re.search(r"&(?!amp;|lt;|gt;)", body), "an ampersand begins a named character"
    speaker = html.unescape(voice[1]) if voice else None
    return seconds(found.groups()[:4]), seconds(found.groups()[4:]), speaker, html.unescape(body)


def read_srt(text):
    """Return start, end and text of each cue: a number, the times, the lines, a blank line."""
    blocks = text.rstrip("\n").split("\n\n") if text.strip() else []
    cues = []
    for number, block in enumerate(blocks, 1):
        counted, times, *lines = block.split("\n")
        assert int(counted) == number
        found = re.fullmatch(f"{_SRT_TIME} --> {_SRT_TIME}", times)
        assert found, times
        assert lines
        assert not any("-->" in line or not line.strip() for line in lines)
        cues.append((seconds(found.groups()[:4]), seconds(found.groups()[4:]), "\n".join(lines)))
    return cues
