"""Finds the store that a URL names, and imports it only then."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from cfacl.errors import RequestError, StoreContractError, Unsupported, quoted
from cfacl.stores.base import Admit, Store

#: Third parties add stores under this entry point group, the scheme as the name.
GROUP: Final = "cfacl.stores"

_OURS: Final = {
    "cassandra": "cfacl.stores.cassandra:open_store",
    "hbase": "cfacl.stores.hbase:open_store",
    "hbase+http": "cfacl.stores.hbase:open_store",
    "hbase+https": "cfacl.stores.hbase:open_store",
    "memory": "cfacl.stores.memory:open_store",
    "rocksdb": "cfacl.stores.rocksdb:open_store",
}
#: The extra with the driver, of those that need one.
_EXTRAS: Final = {"cassandra": "cassandra", "hbase": "hbase", "hbase+http": "hbase", "hbase+https": "hbase"}


class Opener(Protocol):
    """What a store's entry point is: opens the store at a URL."""

    def __call__(
        self,
        url: str,
        *,
        clock: Callable[[], int],
        read_only: bool = False,
        staleness: float = 0.0,
        admit: Admit | None = None,
    ) -> Store:
        """Open a store.

        Args:
            clock: returns nanoseconds since 1970.
            read_only: return a store whose ``read_only`` is set, which sees what another process writes.
            staleness: how many seconds a read of it may lag behind what that one acknowledged, 0 or more.
            admit: to be called before anything is sent anywhere.

        ``read_only`` and ``staleness`` are given only where they are asked for; an opener that does not take them opens
        no store so.  One that does not take ``admit`` is not given it, and its store is asked when it is open.
        """


def open_store(
    location: object,
    *,
    clock: Callable[[], int],
    read_only: bool = False,
    staleness: float = 0.0,
    admit: Admit | None = None,
) -> Store:
    """Open the store at a URL such as ``rocksdb:///srv/home``, or at a path, which means RocksDB.

    ``admit`` is called before anything is sent to one that takes it, and raises what then is raised.

    Raises:
        RequestError: the scheme is not known, its driver is not installed, or (`Unsupported`) such a store is never read
            only.
        StoreError: the store cannot be opened.
    """
    if not isinstance(location, (str, Path)):
        raise RequestError(f"a store is named by a URL or a path, not {type(location).__name__}")
    url = str(location)
    if not url:
        raise RequestError("a store is named by a URL or a path, and this one is empty")
    if isinstance(location, str) and "://" not in url and url.partition(":")[0] in {*_OURS, "file"} and ":" in url:
        raise RequestError(f"{quoted(url)} is no URL, which has `://`, and hardly a path; write `./` before a path")
    if isinstance(location, Path) or "://" not in url:
        url = Path(url).absolute().as_uri().replace("file://", "rocksdb://", 1)
    try:
        scheme = urlsplit(url).scheme
    except ValueError as error:
        raise RequestError(f"{quoted(url)} is no URL; write `scheme://` and what the store asks for") from error
    target: Any
    if scheme in _OURS:
        target = _ours(scheme)
    else:
        from importlib.metadata import entry_points  # which takes a tenth of `import cfacl`, and few need it

        found = {each.name: each for each in entry_points(group=GROUP)}
        if scheme not in found:
            known = ", ".join(f"`{each}`" for each in sorted({*_OURS, *found}))
            raise RequestError(f"no store is installed for {quoted(scheme + '://')}; known are {known}")
        target = found[scheme].load()
    opener: Opener = target
    takes = inspect.signature(opener).parameters
    if admit is not None and "admit" in takes:
        opener = partial(opener, admit=admit)
    if not read_only:
        return opener(url, clock=clock)
    if "read_only" not in takes:
        raise Unsupported(f"a store at {quoted(scheme + '://')} is never read only; leave out `read_only`")
    store = opener(url, clock=clock, read_only=True, staleness=staleness)
    if store.read_only is not True:
        store.close()
        raise StoreContractError(f"the store at {quoted(scheme + '://')} opened for writing; report it to its author")
    return store


def _ours(scheme: str) -> Any:
    module, _, name = _OURS[scheme].partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if scheme not in _EXTRAS or (error.name or "").partition(".")[0] == "cfacl":
            raise
        raise RequestError(
            f"the driver of `{scheme}://` is not installed; `pip install 'cfacl[{_EXTRAS[scheme]}]'`"
        ) from error
