"""Whether a store is reached in a way that a policy allows: `require_tls` names the level from which plain text is refused."""

from __future__ import annotations

from cfacl.errors import TlsRequired, quoted
from cfacl.policy.policy import Policy
from cfacl.stores.base import Store

__all__ = ["bare_families", "confirm_encrypted"]

#: How many families a message names.
_NAMED = 3


def bare_families(store: Store, policy: Policy) -> list[str]:
    """Return the families, as ``table:family``, that are at or above the level and would go over in plain text; sorted."""
    level, levels = policy.stores.hbase_require_tls, policy.catalog.levels
    # Anything but a plain no is taken for a yes: a store that cannot tell is not trusted.
    if level is None or store.plaintext is False:
        return []
    return sorted(
        f"{table.name}:{family.name}"
        for table in policy.catalog.tables.values()
        for family in table.families.values()
        if levels.index(family.level) >= levels.index(level)
    )


def confirm_encrypted(store: Store, policy: Policy) -> None:
    """Refuse a store that is reached in plain text where the policy asks for TLS.

    Raises:
        TlsRequired: it holds a family of the level that the policy names, or above.
    """
    if bare := bare_families(store, policy):
        more = f" and {len(bare) - _NAMED:,} more" if len(bare) > _NAMED else ""
        raise TlsRequired(
            f"`stores.hbase.require_tls` is {quoted(policy.stores.hbase_require_tls)}, and this address is plain text, for"
            f" {', '.join(map(quoted, bare[:_NAMED]))}{more}; use `hbase+https://`, with a gateway that has a certificate"
        )
