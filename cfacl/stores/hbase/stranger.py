"""Whether HBase heeds the rights in `hbase:acl`, asked as somebody whom nobody knows.

The table says nothing of it: it stays where authorization is switched off.
"""

from __future__ import annotations

import uuid

from cfacl.errors import StoreError
from cfacl.stores.hbase.acl import ACL
from cfacl.stores.hbase.gateway import Gateway
from cfacl.stores.hbase.http import NoAnswer
from cfacl.stores.hbase.refusal import refused
from cfacl.stores.native import RightsOff

__all__ = ["unseen"]


def unseen(gateway: Gateway) -> str | None:
    """Return why it cannot be seen whether somebody is refused what nobody gave them; ``None``: they were refused.

    Raises:
        RightsOff: they were not.
        StoreError: the gateway failed at something else.
    """
    if gateway.address.transport != "http":
        return (
            "whether hbase heeds `hbase:acl` was not seen: only a gateway over http shows it, asked as another user;"
            " name one, as `hbase+http://host:9090`"
        )
    name = f"nobody-{uuid.uuid4().hex[:8]}"
    other = Gateway(gateway.address, name)
    try:
        other.ask(lambda client: client.getRowWithColumns(ACL, b"-", [b"l"], {}))
    except StoreError as error:
        if isinstance(error.__cause__, NoAnswer):
            return (
                "whether hbase heeds `hbase:acl` was not seen: the gateway does not act as others, so nobody can be"
                " asked as whom nothing is granted to; let one by `hadoop.proxyuser` and `hbase.thrift.support.proxyuser`"
            )
        if (found := refused(error)) is None or found.user != name:
            raise
        return None
    finally:
        other.pool.close()
    raise RightsOff(
        "hbase has a table `hbase:acl` and heeds none of it: a user whom nobody knows may read it; set"
        " `hbase.security.authorization`, and load `AccessController` in the region servers"
    )
