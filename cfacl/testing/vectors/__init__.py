"""Golden vectors: small policies, and what must be decided under them, reasoned by hand and each tagged with the letter of a rule.

`decisions.json` is an array of policies: a name, the lines of its TOML, and cases.  Anything that decides can be held
against them, in any language; here the oracle, the engine and every store are.
"""

from __future__ import annotations

import json
from datetime import datetime
from importlib.resources import files
from typing import NamedTuple


class Case(NamedTuple):
    """One question and its answer.

    Attributes:
        rule: the letter of docs/specification.md that it shows, ``2a``.
        families: all asked for together; may be empty or hold unknown names.
        at: the instant, an offset date-time.
        expected: `allowed`, `denied`, or `error:` and the name of an error of `cfacl.errors`.
        why: the reasoning, for whoever sees the case fail.
    """

    rule: str
    principal: str
    purpose: str
    action: str
    table: str
    families: tuple[str, ...]
    at: datetime
    expected: str
    why: str


class Vector(NamedTuple):
    """A policy, as TOML, and what must be decided under it."""

    name: str
    policy: str
    cases: tuple[Case, ...]


def load() -> tuple[Vector, ...]:
    """Return all vectors, in the order of the file."""
    written = json.loads((files(__name__) / "decisions.json").read_text("utf-8"))
    return tuple(
        Vector(
            name=each["name"],
            policy="\n".join(each["policy"]) + "\n",
            cases=tuple(
                Case(**{**case, "families": tuple(case["families"]), "at": datetime.fromisoformat(case["at"])})
                for case in each["cases"]
            ),
        )
        for each in written
    )
