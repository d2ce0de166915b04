"""Who is inside the store, so that it is not closed under a call; and where its driver's errors are mapped."""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar, cast

from cfacl.errors import CfaclError, Closed, StoreUnavailable
from cfacl.stores.rocksdb.errors import let_go, mapped

__all__ = ["Gate", "inside"]

#: Seconds between two looks at whether the calls under way have ended.
_PAUSE: Final = 0.0005
#: Seconds after which it is looked whether they are under way at all.
_PATIENCE: Final = 0.1
_HERE: Final = str(Path(__file__).parent)


class Gate:
    """Counts the calls under way; appending to a list is atomic, and far cheaper than a lock.

    A call is made with nothing but another call inside ``with gate:``, so that on an error no frame of it is left.

    Raises:
        Closed: the gate is shut for good.
        StoreUnavailable: it is shut for now.
    """

    __slots__ = ("calls", "failed", "for_good", "held", "shut_because")

    def __init__(self) -> None:
        self.calls: list[None] = []
        #: how many calls failed at files or disks since it was opened last
        self.failed = 0
        self.shut_because: str | None = None
        self.for_good = True
        self.held: threading.Event | None = None

    def __enter__(self) -> None:
        self.calls.append(None)
        # Looked at after having been counted, so that `shut` and `wait` miss nobody.
        while (because := self.shut_because) is not None:
            self.calls.pop()
            held, for_good = self.held, self.for_good
            if held is None:
                raise (Closed if for_good else StoreUnavailable)(because)
            held.wait()
            self.calls.append(None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:  # noqa: SIM105  # which is felt
            self.calls.pop()
        except IndexError:  # a signal's handler closed the store inside this call, and waited for no other
            pass
        if isinstance(error, CfaclError):
            let_go(error)
        elif isinstance(error, AttributeError) and self.closed:  # so the database is gone
            let_go(error)
            raise Closed(self.shut_because) from error
        elif isinstance(error, Exception):
            ours = mapped(error)
            self.failed += isinstance(ours, StoreUnavailable)
            raise ours from error

    @property
    def closed(self) -> bool:
        """Whether nobody is let in ever again."""
        return self.shut_because is not None and self.for_good

    def shut(self, why: str, *, for_good: bool = True) -> None:
        """Let nobody in any more; what is inside goes on."""
        held, self.held = self.held, None
        self.for_good = for_good
        self.shut_because = why
        if held is not None:
            held.set()

    def hold(self) -> None:
        """Have those who come wait until the gate is open, or shut; what is inside goes on."""
        self.held = threading.Event()
        self.for_good = False
        self.shut_because = "the store is being opened again; try again"

    def open(self) -> None:
        """Let everybody in again."""
        self.failed = 0
        self.shut_because = None
        if self.held is not None:
            self.held.set()  # and kept: whoever saw the gate held a moment ago has yet to look at it

    def wait(self) -> None:
        """Return once nobody is inside; the gate is shut or held."""
        until = time.monotonic() + _PATIENCE
        while counted := len(self.calls):
            time.sleep(_PAUSE)
            # An interrupt between a call's being counted and its beginning, or its end and its being counted no more,
            # leaves one too many.
            if time.monotonic() > until and not _others_inside():
                del self.calls[:counted]


def _others_inside() -> bool:
    """Whether another thread is at work in a store, by its stack; one that waits at a gate is not."""
    frames = sys._current_frames()  # noqa: SLF001  # made for such, and public all the same
    del frames[threading.get_ident()]  # which would hold itself, and with it what a call has that waits for this one
    for frame in frames.values():
        at: FrameType | None = frame
        while at is not None and (at is frame or at.f_code is not Gate.__enter__.__code__):
            if at.f_code.co_filename.startswith(_HERE):
                return True
            at = at.f_back
    return False


class _Gated(Protocol):
    @property
    def gate(self) -> Gate: ...


P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=_Gated)


def inside(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Run a method inside its owner's gate."""

    @functools.wraps(method)
    def call(self: Any, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.gate:
            return method(self, *args, **kwargs)

    return cast("Callable[Concatenate[S, P], R]", call)
