"""What a store tells of how it stands: what is well, what deserves attention, and what cannot be seen from here."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Literal, NamedTuple

from cfacl.stores.tls import Tls

__all__ = ["Sign", "Verdict", "transport"]

#: ``fact`` is neither well nor ill; ``unseen`` could not be looked at, whatever it may be.
Verdict = Literal["attention", "well", "fact", "unseen"]


class Sign(NamedTuple):
    """One thing that was looked at; what deserves attention says what to do."""

    verdict: Verdict
    about: str
    told: str


def transport(tls: Tls | None, hosts: Iterable[str], *, whose: str, use: str) -> Sign:
    """Say who can listen on the way to hosts: ``whose`` certificate is verified, or what to ``use``."""
    if tls is not None:
        ours = ", and we show ours" if tls.cert is not None else ""
        return Sign("well", "transport", f"tls 1.2 or later; {whose} certificate and name are verified{ours}")
    if all(map(_is_here, hosts)):
        return Sign("fact", "transport", "plain text, and to this machine only")
    return Sign(
        "attention",
        "transport",
        f"plain text: whoever is on the way reads and changes what passes; use {use}, or a network of its own",
    )


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
