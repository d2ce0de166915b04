"""How a store stands, and whether what it holds is what cfacl, and a policy, know of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from platform import python_version
from typing import Final

from cfacl.api.encryption import HOW, bare_families
from cfacl.api.failures import store_failures
from cfacl.api.schema import Difference, Schema
from cfacl.errors import quoted
from cfacl.model.catalog import Catalog
from cfacl.policy.policy import Policy
from cfacl.stores.base import Store
from cfacl.stores.native import Refused
from cfacl.stores.posture import Sign

__all__ = ["examine"]

#: What a difference means, and what to do.
_MEANS: Final = {
    "unknown": (
        "is not in cfacl's records; `create_tables(adopt=[…])` takes over what these never had, and nobody reads it until then"
    ),
    "lost": "is recorded, and the store has no such family; restore it, or drop its table to begin anew",
    "missing": "is in the policy, and not in the store; `create_tables()` makes it",
    "altered": "is kept in other versions, or for another time, than the policy says",
    "retired": "is kept, and no policy names it; nobody reads it, and `drop_table` removes it",
}
_DRIVERS: Final = {"cassandra": ("cassandra-driver",), "hbase": ("happybase", "thriftpy2"), "rocksdb": ("rocksdict",)}


def examine(store: Store, policy: Policy | None) -> Iterator[Sign]:
    """Yield what is found, with a policy by its catalog too; nothing is changed.

    Raises:
        StoreError: the store cannot tell.
    """
    with store_failures("on its posture"):
        yield from store.posture()
    yield from _families(store, policy)
    if policy is not None and (bare := bare_families(store.scheme, store.plaintext, policy)):
        how = HOW.get(store.scheme, HOW["hbase"])
        told = f"`connect` refuses this address: `require_tls` is for {', '.join(map(quoted, bare))}; {how}"
        yield Sign("attention", "transport", told)
    drivers = ", ".join(_installed(each) for each in _DRIVERS.get(store.scheme, ()))
    yield Sign(
        "fact", "versions", ", ".join(filter(None, [_installed("cfacl"), f"python {python_version()}", drivers]))
    )


def _families(store: Store, policy: Policy | None) -> Iterator[Sign]:
    try:
        with store_failures("on its schema"):
            schema = Schema(store)
            found = schema.drift(Catalog() if policy is None else policy.catalog)
    except Refused as refusal:
        yield Sign("unseen", "families", str(refusal))
        return
    if policy is None:  # whatever has a record may be in one
        found = [each for each in found if each.what != "retired"]
    yield from map(_sign, found)
    if not found:
        number = len(schema.recorded)
        told = "no families" if not number else f"{number:,} recorded, and the store holds these and no others"
        yield Sign("well", "families", told)
    if policy is None:
        yield Sign("unseen", "policy", "none was named; `--policy` holds the store against one")


def _sign(difference: Difference) -> Sign:
    if not difference.family:
        told = f"table {quoted(difference.table)} was not made by cfacl, which cannot take it over; nobody reads it through cfacl"
        return Sign("attention", "families", told)
    name = quoted(f"{difference.table}:{difference.family}")
    return Sign("attention", "families", f"{name} {_MEANS[difference.what]}")


def _installed(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # as in the stores' registry

    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:  # a driver that somebody put there by hand
        return f"{package} without a version" if package in sys.modules else f"{package} is not installed"
