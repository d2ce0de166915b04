"""How a service comes by its database."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from cfacl.api.arguments import flag
from cfacl.api.database import Database
from cfacl.api.encryption import confirm_encrypted
from cfacl.api.judgement import judged
from cfacl.audit.event import Hook, together
from cfacl.errors import RequestError
from cfacl.policy.compile import compile_policy
from cfacl.policy.policy import Policy
from cfacl.stores.base import Store
from cfacl.stores.registry import open_store


def connect(
    location: str | Path,
    *,
    policy: Policy | str | Path,
    clock: Callable[[], int] = time.time_ns,
    on_event: Hook | Sequence[Hook] | None = None,
    durable: bool = True,
    read_only: bool = False,
    staleness: float = 0.0,
) -> Database:
    """Open a store behind a policy.

    One process at a time has an embedded store open for writing.  Any number of others read it, each behind a policy
    of its own.

    Args:
        location: ``memory://``, ``rocksdb:///srv/home``, or a path, which means RocksDB; the last directory
            of it is created.  ``hbase://host:9090``, ``hbase+http://`` or ``hbase+https://`` for a gateway of HBase;
            ``cassandra://host/keyspace``; what else may stand there is in docs/operations.md, docs/hbase.md and
            docs/cassandra.md.
        policy: the policy, or the path of its TOML file.
        clock: returns nanoseconds since 1970, as `time.time_ns`.
        on_event: called once for every request for data, on the caller's thread, before the store is asked, and before
            any other `AccessDenied` is raised; what it raises stops the request, and so does one that returns what has
            yet to be awaited.  A list or tuple of functions is called in its order, and those behind one that raises are
            not told.
        durable: whether a change is on the disk when it is acknowledged, where the call does not say it itself.
            Without, it survives the death of the process at once, and that of the machine from the next durable
            change, `Database.flush` or `Database.close` on.
        read_only: read what another process writes, durable or not, and see what it does to the schema; nothing is
            created or changed.  Changes are decided as ever, and those that would be allowed are `Unsupported`.
        staleness: how many seconds a read may lag behind what that process acknowledged, 0 or more, for
            ``read_only``.  With 0 every read first catches up; with 5 those do that come 5 seconds after the last
            one that did.  What cannot catch up raises `StoreError`.

    Raises:
        RequestError: an argument makes no sense, or (`Unsupported`) such a store is never read only.
        PolicyError: the policy has faults; the store is not opened.
        TlsRequired: the policy's `require_tls` is for a level of what the store holds, which is reached in plain text;
            nothing was sent.
        StoreError: the store can't be opened.
    """
    flag("durable", durable)
    flag("read_only", read_only)
    if type(staleness) not in (int, float) or not 0 <= staleness <= sys.float_info.max:
        raise RequestError("`staleness` is a number of seconds, 0 or more")
    if staleness and not read_only:
        raise RequestError("`staleness` is for `read_only=True`; whoever writes is never behind")

    def opened(sound: Policy) -> Store:
        admit = partial(confirm_encrypted, policy=sound)
        return open_store(location, clock=clock, read_only=read_only, staleness=float(staleness), admit=admit)

    return guarded(opened, policy, clock, on_event, durable=durable)


def guarded(
    opened: Callable[[Policy], Store],
    policy: Policy | str | Path,
    clock: Callable[[], int],
    on_event: Hook | Sequence[Hook] | None,
    *,
    durable: bool,
) -> Database:
    """Return a store behind a policy, which is opened when all that was said of it makes sense.

    Args:
        opened: opens the store, given the policy; the others are those of `connect`, and what is raised too.
    """
    _confirm_function("clock", clock)
    hook = _one_hook(on_event)
    sound = Policy.load(policy) if isinstance(policy, (str, Path)) else judged(policy)
    bits = compile_policy(sound)
    store = opened(sound)
    try:
        return Database(store, sound, bits, hook, clock, durable=durable)
    except BaseException:
        store.close()
        raise


def _one_hook(on_event: Hook | Sequence[Hook] | None) -> Hook | None:
    """Return what is called of each event, of what `connect` is given."""
    several = on_event if isinstance(on_event, (list, tuple)) else () if on_event is None else (on_event,)
    for each in several:
        _confirm_function("on_event", each)
    return several[0] if len(several) == 1 else together(several) if several else None


def _confirm_function(name: str, function: object) -> None:
    if not callable(function):
        raise RequestError(f"`{name}` is a function, not {type(function).__name__}")
    if (other := _ends_elsewhere(function)) is not None:
        raise RequestError(f"`{name}` is a function that has done its work when it returns, not {other}")


def _ends_elsewhere(function: object) -> str | None:
    """Say what is called like a function, and does nothing, or something else, when it is: what it was for would be missed."""
    if inspect.isclass(function):
        return f"the class {function.__name__}; make one of it"
    for each in (function, getattr(function, "__call__", None)):  # noqa: B004  # what it does, not whether it can be
        if inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each):
            return "a coroutine, which nobody awaits"
        if inspect.isgeneratorfunction(each):
            return "a generator, which nobody reads"
    return None
