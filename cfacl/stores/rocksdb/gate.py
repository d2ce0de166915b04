"""Who is inside the store, so that it is not closed under a call."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar, cast

from cfacl.errors import CfaclError, Closed
from cfacl.stores.rocksdb.errors import let_go, mapped

__all__ = ["Gate", "inside"]

#: Seconds between two looks at whether the calls under way have ended.
_PAUSE: Final = 0.0005


class Gate:
    """Counts the calls under way; appending to a list is atomic, and far cheaper than a lock."""

    __slots__ = ("calls", "shut_because")

    def __init__(self) -> None:
        self.calls: list[None] = []
        self.shut_because: str | None = None

    def shut(self, why: str) -> None:
        """Let nobody in any more; what is inside goes on."""
        self.shut_because = why

    def wait(self) -> None:
        """Return once nobody is inside."""
        while self.calls:
            time.sleep(_PAUSE)


class _Gated(Protocol):
    @property
    def gate(self) -> Gate: ...


P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=_Gated)


def inside(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Run a method inside its owner's gate, its driver's errors mapped.

    Raises:
        Closed: the gate is shut.
    """

    @functools.wraps(method)
    def call(self: Any, *args: P.args, **kwargs: P.kwargs) -> R:
        gate: Gate = self.gate
        gate.calls.append(None)
        if gate.shut_because is not None:  # looked at after having been counted, so that `shut` and `wait` miss nobody
            gate.calls.pop()
            raise Closed(gate.shut_because)
        try:
            return method(self, *args, **kwargs)
        except CfaclError as error:
            let_go(error)
            raise
        except Exception as error:
            raise mapped(error) from error
        finally:
            gate.calls.pop()

    return cast("Callable[Concatenate[S, P], R]", call)
