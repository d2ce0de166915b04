"""Whether a store is reached in a way that a policy allows: `require_tls` names the level from which plain text is refused."""

from __future__ import annotations

from typing import Final

from cfacl.errors import TlsRequired, quoted
from cfacl.policy.policy import Policy

__all__ = ["HOW", "bare_families", "confirm_encrypted"]

#: How many families a message names.
_NAMED: Final = 3
#: How a store is reached otherwise, by what its URLs start with.
HOW: Final = {
    "cassandra": "say `?tls=true`, with a cluster that has certificates",
    "hbase": "use `hbase+https://`, with a gateway that has a certificate",
}


def bare_families(scheme: str, plaintext: object, policy: Policy) -> list[str]:
    """Return the families, as ``table:family``, that are at or above the level and would go over in plain text; sorted.

    Args:
        scheme: what the store's URLs start with.
        plaintext: what it says of whether it can be read on the way.
    """
    found = _required(scheme, policy)
    # Anything but a plain no is taken for a yes: a store that cannot tell is not trusted.
    if found is None or plaintext is False:
        return []
    levels = policy.catalog.levels
    return sorted(
        f"{table.name}:{family.name}"
        for table in policy.catalog.tables.values()
        for family in table.families.values()
        if levels.index(family.level) >= levels.index(found[1])
    )


def confirm_encrypted(scheme: str, plaintext: object, policy: Policy) -> None:
    """Refuse a store that is reached in plain text where the policy asks for TLS.

    Raises:
        TlsRequired: it holds a family of the level that the policy names, or above.
    """
    if bare := bare_families(scheme, plaintext, policy):
        kind, level = _required(scheme, policy) or ("", "")
        more = f" and {len(bare) - _NAMED:,} more" if len(bare) > _NAMED else ""
        raise TlsRequired(
            f"`stores.{kind}.require_tls` is {quoted(level)}, and this address is plain text, for"
            f" {', '.join(map(quoted, bare[:_NAMED]))}{more}; {HOW[kind]}"
        )


def _required(scheme: str, policy: Policy) -> tuple[str, str] | None:
    """Return which setting counts for a store, and its level; of one that no setting is for, the strictest of all."""
    settings = {"cassandra": policy.stores.cassandra_require_tls, "hbase": policy.stores.hbase_require_tls}
    kinds = [scheme] if scheme in settings else list(settings)
    said = [
        (policy.catalog.levels.index(level), kind, level) for kind in kinds if (level := settings[kind]) is not None
    ]
    return min(said)[1:] if said else None
