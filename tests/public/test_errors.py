"""Errors that go to another process, as a pool of processes sends them, and errors that are copied."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import cfacl
from cfacl.errors import AccessDenied, CfaclError, Fault, PartlyWritten, PolicyError


def kinds(of: type[CfaclError] = CfaclError) -> Iterator[type[CfaclError]]:
    yield of
    for each in of.__subclasses__():
        if each.__module__ == "cfacl.errors":
            yield from kinds(each)


def raised(kind: type[CfaclError]) -> CfaclError:
    if issubclass(kind, AccessDenied):
        return kind("no", principal="ann", purpose="care", table="t", action="read", families=["f"], epoch=7)
    if issubclass(kind, PartlyWritten):
        return kind("in part", written=[b"a"], unknown=[b"b"], unwritten=[b"c"])
    if issubclass(kind, PolicyError):
        return kind([Fault("tables.t", "is wrong"), Fault("", "is long")], "policy.toml")
    return kind("it failed")


@pytest.mark.parametrize("kind", [*kinds()])
@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, *(lambda e, p=p: pickle.loads(pickle.dumps(e, p)) for p in range(6))],
    ids=["copy", "deepcopy", *(f"pickle {p}" for p in range(6))],
)
def test_it_arrives_with_all_that_it_tells(kind: type[CfaclError], again: Callable[[Any], Any]) -> None:
    error = raised(kind)
    error.add_note("while serving")
    other = again(error)
    assert type(other) is kind
    assert (str(other), vars(other), other.args) == (str(error), vars(error), error.args)


def test_every_error_is_public() -> None:
    assert {each.__name__ for each in kinds()} <= set(cfacl.__all__)
