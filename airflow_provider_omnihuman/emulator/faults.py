"""What can be made to go wrong: rules that a request either meets or does not."""

from __future__ import annotations

import itertools
import random
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from airflow_provider_omnihuman.emulator.codes import BUSINESS_CODES, GATEWAY_CODES, SPEECH_CODES, STS_CODES


class FaultKind(StrEnum):
    """How it goes wrong."""

    DELAY = "delay"
    RESET = "reset"
    HALF_BODY = "half_body"
    HTML = "html"
    EMPTY = "empty"
    GARBAGE = "garbage"
    STATUS = "status"
    CODE = "code"
    EMPTY_URL = "empty_url"


class FaultPhase(StrEnum):
    """Before: the request has no effect. After: it took effect, and the caller does not hear of it.

    ``result`` is the moment at which a finished task's URL is told.
    """

    BEFORE = "before"
    AFTER = "after"
    RESULT = "result"


_DEFAULT_STATUS = {FaultKind.HTML: 502, FaultKind.STATUS: 503}
# Half of a reply needs a reply, and a URL that is not there yet a finished task.
_FIXED_PHASES = {FaultKind.HALF_BODY: FaultPhase.AFTER, FaultKind.EMPTY_URL: FaultPhase.RESULT}
_ids = itertools.count(1)


@dataclass(slots=True)
class Fault:
    """One rule; it counts how often it was met.

    :param kind: how it goes wrong.
    :param action: an API action, ``AssumeRole``, ``video``, ``mask``, ``speech``, or ``*``.
    :param phase: before or after the request took effect.
    :param count: how many times at most; ``None`` is without end.
    :param skip: how many matching requests pass first.
    :param probability: of each matching request, drawn from ``seed``.
    :param delay_s: for ``delay``, in real seconds.
    :param status: the HTTP status of ``status`` and ``html``.
    :param code: for ``code``: a business code, the name of a gateway's, or a code of the speech service.
    :param gateway_shape: put a business code into the gateway's envelope.
    """

    kind: FaultKind
    action: str = "*"
    phase: FaultPhase = FaultPhase.BEFORE
    count: int | None = 1
    skip: int = 0
    probability: float = 1.0
    seed: int = 0
    delay_s: float = 1.0
    status: int | None = None
    code: str = ""
    gateway_shape: bool = False
    fault_id: int = field(default_factory=lambda: next(_ids))
    met: int = 0
    _random: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        self._random.seed(self.seed)
        self.phase = _FIXED_PHASES.get(self.kind, self.phase)
        if self.status is None:
            self.status = _DEFAULT_STATUS.get(self.kind)

    def meets(self, action: str, phase: FaultPhase) -> bool:
        """Tell whether this request goes wrong, and count it."""
        if self.action not in ("*", action) or self.phase is not phase or self.count == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self._random.random() >= self.probability:
            return False
        self.met += 1
        if self.count is not None:
            self.count -= 1
        return True

    def as_document(self) -> dict[str, Any]:
        """Return the rule as the admin API shows it."""
        return {name: value for name, value in asdict(self).items() if not name.startswith("_")}


class FaultRules:
    """The rules in force, in the order in which they were given."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []

    def add(self, document: dict[str, Any]) -> Fault:
        """Read a rule from JSON; a ``ValueError`` says what is wrong with it."""
        fault = _read_fault(document)
        self.rules.append(fault)
        return fault

    def remove(self, fault_id: int | None = None) -> None:
        """Lift one rule, or all."""
        self.rules = [rule for rule in self.rules if fault_id is not None and rule.fault_id != fault_id]

    def take(self, action: str, phase: FaultPhase) -> list[Fault]:
        """Return what happens to this request: every delay, and the first other fault."""
        met: list[Fault] = []
        for rule in self.rules:
            if rule.meets(action, phase):
                met.append(rule)
                if rule.kind is not FaultKind.DELAY:
                    break
        return met


_TYPES: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "action": (str,),
    "phase": (str,),
    "count": (int, type(None)),
    "skip": (int,),
    "probability": (int, float),
    "seed": (int,),
    "delay_s": (int, float),
    "status": (int,),
    "code": (str, int),
    "gateway_shape": (bool,),
}


def _read_fault(document: dict[str, Any]) -> Fault:
    for name, value in document.items():
        if name not in _TYPES:
            raise ValueError(f"unknown field {name!r}; known are {', '.join(_TYPES)}")
        if not isinstance(value, _TYPES[name]) or (isinstance(value, bool) and bool not in _TYPES[name]):
            raise ValueError(f"{name} has the wrong type")
    if "kind" not in document:
        raise ValueError(f"kind is missing; one of {', '.join(FaultKind)}")
    fields = document | {"kind": FaultKind(document["kind"]), "code": str(document.get("code", ""))}
    if "phase" in fields:
        fields["phase"] = FaultPhase(fields["phase"])
    # A probability is about all requests that come, a plain fault about the next one.
    fields.setdefault("count", None if "probability" in fields else 1)
    if fields["kind"] is FaultKind.CODE and not is_known_code(fields["code"]):
        raise ValueError(f"unknown code {fields['code']!r}")
    return Fault(**fields)


def is_known_code(code: str) -> bool:
    """Tell whether the emulator can answer with this code."""
    return code in GATEWAY_CODES or code in STS_CODES or code in SPEECH_CODES or (code.isdigit() and int(code) in BUSINESS_CODES)
