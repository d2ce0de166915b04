"""How a gateway, and the HBase behind it, stand: as far as its Thrift interface shows, by questions that change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cfacl.errors import SchemaMissing, StoreError
from cfacl.stores.hbase.acl import rights
from cfacl.stores.hbase.gateway import Gateway
from cfacl.stores.hbase.names import RECORDS
from cfacl.stores.hbase.refusal import refused
from cfacl.stores.hbase.stranger import unseen
from cfacl.stores.native import Refused, Right, RightsOff
from cfacl.stores.posture import Sign, transport

__all__ = ["posture"]

_GIVES_ITSELF_MORE: Final = frozenset("CA")


def posture(gateway: Gateway) -> Iterator[Sign]:
    """Yield what is found.

    Raises:
        StoreError: the gateway failed at something else than what is told.
    """
    address = gateway.address
    yield transport(address.tls, [address.host], whose="the gateway's", use="`hbase+https://`")
    yield from _authorization(gateway)
    yield Sign("unseen", "behind the gateway", "the interface does not show how the gateway speaks to hbase")
    yield Sign(
        "unseen", "superusers", "`hbase.superuser` stands in hbase's configuration, which the interface does not show"
    )
    yield Sign("unseen", "hbase's version", "the interface does not tell it; `hbase version` does, where hbase runs")


def _authorization(gateway: Gateway) -> Iterator[Sign]:
    """Yield whether HBase asks who may, as whom the gateway acts, and who has rights beyond tables."""
    try:
        given = rights(gateway)
    except RightsOff as off:
        yield Sign("attention", "authorization", str(off))
        yield Sign("unseen", "gateway's user", "hbase tells it to nobody whom it does not refuse")
        return
    except StoreError as error:
        found = refused(error)
        if found is None:
            raise
        user = found.user
        yield Sign("well", "authorization", "on: hbase refuses something to the gateway's user")
        yield Sign("well", "gateway's user", f"`{user}`, who may not read `hbase:acl`")
        yield Sign("unseen", "rights", f"`{user}` may not read `hbase:acl`; ask through one of the operators'")
        return
    yield _heeded(gateway)
    yield _maker(gateway, given)
    yield from _wide(given)


def _heeded(gateway: Gateway) -> Sign:
    try:
        why = unseen(gateway)
    except RightsOff as off:
        return Sign("attention", "authorization", str(off))
    if why is None:
        return Sign("well", "authorization", "on: a user whom nobody knows is refused")
    return Sign("attention" if gateway.address.doas else "unseen", "authorization", why)


def _maker(gateway: Gateway, given: list[Right]) -> Sign:
    """Say as whom the gateway acts, where it may not alter our records, or who may be it: who makes a table has all rights."""
    place = gateway.address.prefix + RECORDS
    try:
        gateway.ask(lambda client: client.getColumnDescriptors(place.encode("ascii")))
    except SchemaMissing:
        pass
    except Refused as refusal:
        return Sign("well", "gateway's user", f"`{refusal.user}`, who may not alter `{place}`")
    makers = [each.account for each in given if (each.place, each.scope, each.letters) == (place, "table", "RWXCA")]
    who = f"; all rights on `{place}`, as whoever made it was given them, has `{'`, `'.join(makers)}`" if makers else ""
    return Sign(
        "unseen", "gateway's user", f"hbase names it only where it refuses something, and it may read `hbase:acl`{who}"
    )


def _wide(given: list[Right]) -> Iterator[Sign]:
    wide = [each for each in given if each.system or each.scope in ("namespace", "everything")]
    for each in wide:
        more = " of hbase's own" if each.system else ""
        more += ", and can give itself more" if _GIVES_ITSELF_MORE & set(each.letters) else ""
        yield Sign(
            "attention",
            "rights",
            f"`{each.account}` has `{each.letters}` on {each.on}{more}: no right on families holds it back",
        )
    if not wide:
        yield Sign(
            "well", "rights", "nobody has any on a namespace, on hbase's own tables or on everything, superusers aside"
        )
