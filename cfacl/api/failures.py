"""What a store's exceptions are told as."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cfacl.errors import CfaclError, PolicyError, RequestError, StoreError


def store_failure(error: Exception, where: str) -> CfaclError:
    """Return the error that a caller is to see: never a denial, never an end of rows.

    A `StoreError`, or a `RequestError` where the caller can mend it, passes as it is.  Anything else that a store
    of someone else's may raise becomes a `StoreError`, with the original as its cause.
    """
    if isinstance(error, (StoreError, RequestError)) and not isinstance(error, PolicyError):
        return error
    failure = StoreError(f"the store failed {where} with {type(error).__name__}")
    failure.__cause__ = error
    return failure


@contextmanager
def store_failures(where: str) -> Iterator[None]:
    """Tell what is raised in a block as `store_failure` does."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # as above
        raise store_failure(error, where)  # noqa: B904  # the cause is set, where there is a new error
