"""Failures of a store as happybase's users know them: where thriftpy2 is loaded, its `TException` too.

What is over with time is its `TTransportException`.  Who retries by ``except`` with one of these has imported it.  A denial
and a mistake of the caller are none of them: they would be tried again, and stay what they are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from functools import wraps
from types import new_class
from typing import Any, Final, ParamSpec, TypeVar

from cfacl.errors import CfaclError, RequestError, StoreError, StoreTimeout, StoreUnavailable

__all__ = ["already_exists", "is_failure", "telling", "telling_later"]

P = ParamSpec("P")
T = TypeVar("T")

#: Thrift's class of what fails, by its module and name; and of what may not fail the next time.
_FAILURE: Final = ("thriftpy2.thrift", "TException")
_PASSING: Final = ("thriftpy2.transport", "TTransportException")
#: What Thrift calls the kinds of the latter.
_UNKNOWN: Final = 0
_TIMED_OUT: Final = 3
#: The classes that were made, by what they stand for.
_made: dict[tuple[type[CfaclError], type[Exception]], type[CfaclError]] = {}


def is_failure(error: BaseException) -> bool:
    """Return whether an error is of the store, or the way to it, so that a connection is had afresh."""
    return isinstance(error, (StoreError, OSError, *_known(*_FAILURE)))


def already_exists(message: str) -> CfaclError:
    """Return the error for a table that is there, which is Thrift's `AlreadyExists` too where that is loaded."""
    return _also(RequestError(message), "Hbase_thrift", "AlreadyExists")


def telling(method: Callable[P, T]) -> Callable[P, T]:
    """Return a method whose failures are told as happybase's users know them."""

    @wraps(method)
    def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except StoreError as error:
            also = _thrifty(error)
            raise also from (error.__cause__ if also is error else error)

    return told


def telling_later(found: Generator[T, None, None]) -> Generator[T, None, None]:
    """Yield what a generator does, whose failures are told as those of `telling`."""
    try:
        yield from found
    except StoreError as error:
        also = _thrifty(error)
        raise also from (error.__cause__ if also is error else error)


def _thrifty(error: StoreError) -> CfaclError:
    """Return a failure that is Thrift's too, if that is loaded."""
    if isinstance(error, (StoreUnavailable, StoreTimeout)):
        kind = _TIMED_OUT if isinstance(error, StoreTimeout) else _UNKNOWN
        return _also(error, *_PASSING, type=kind)
    return _also(error, *_FAILURE)


def _known(module: str, name: str) -> tuple[type[Exception], ...]:
    """Return Thrift's class if somebody has loaded it: nobody else can have its name in an ``except``."""
    found = getattr(sys.modules.get(module), name, None)
    return () if found is None else (found,)


def _also(error: CfaclError, module: str, name: str, **fields: object) -> CfaclError:
    """Return an error that is of a class of Thrift's too, with its fields, if that is loaded."""
    kind = type(error)
    for other in _known(module, name):
        made = _made.get((kind, other)) or _made.setdefault((kind, other), _both(kind, other))
        also = made.__new__(made, *error.args)
        also.__dict__.update(error.__dict__, message=str(error), **fields)  # Thrift's have a message as a field
        return also
    return error


def _both(kind: type[CfaclError], other: type[Exception]) -> type[CfaclError]:
    """Return a class of errors of two kinds, which says of itself what the first does, and is pickled as that."""
    ours: dict[str, Any] = {
        name: getattr(Exception, name) for name in ("__str__", "__repr__", "__eq__", "__ne__", "__hash__")
    }
    ours["__reduce__"] = lambda self: (kind.__reduce__(self)[0], (kind, *self.args), self.__dict__)
    return new_class(kind.__name__, (kind, other), exec_body=lambda body: body.update(ours, __module__=__name__))
