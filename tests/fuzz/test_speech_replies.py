"""Whatever a speech service answers: audio that was whole, or an error of ours that shows no key."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_omnihuman.speech.doubao_reply import read_audio
from airflow_provider_omnihuman.speech.errors import SpeechError
from tests.fuzz.hostile import LEAKS, documents, examples, is_clear, outcome

DATA = Path(__file__).parent.parent / "data"
SAMPLES = [json.loads(line) for name in ("doubao_speech.jsonl", "doubao_fails_midway.jsonl") for line in (DATA / name).open()]
PIECES = [
    {"code": 0, "message": "", "data": base64.b64encode(b"sound").decode()},
    {"code": 20000000, "message": "ok", "data": None},
]
REFUSALS = [{"code": code, "message": text} for code in (45000000, 45000001, 55000000, 7) for text in LEAKS]
IN_A_HEADER = [{"header": {"code": 45000010, "message": "a\nb\x00" * 200}}]

FRAMES = st.lists(documents([*SAMPLES, *PIECES, *REFUSALS, *IN_A_HEADER]).map(json.dumps), max_size=3)
BODIES = st.tuples(st.sampled_from(["", "\n", " "]), FRAMES).map(lambda parts: parts[0].join(parts[1])) | st.text(max_size=20)


@examples(700)
@given(body=BODIES, is_ended=st.booleans(), http_status=st.sampled_from([200, 200, 400, 401, 429, 500, 502]))
def test_a_reply_is_audio_or_an_error_of_ours(body, is_ended, http_status):
    whole = body + (json.dumps(PIECES[1]) if is_ended else "")
    result = outcome(lambda: read_audio(whole, http_status, "r"), ours=SpeechError)
    if isinstance(result, SpeechError):
        assert is_clear(result)
        assert len(str(result)) < 700
    else:
        assert isinstance(result, bytes)
        assert result
