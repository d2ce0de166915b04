"""Policies that come as objects, which anybody may have built."""

from __future__ import annotations

from cfacl.errors import RequestError
from cfacl.policy.policy import Policy


def judged(policy: object) -> Policy:
    """Return a policy of whose making nothing is known, if all is well with it."""
    if type(policy) is not Policy:  # one of its subclasses might answer differently the next time it is asked
        raise RequestError(f"a policy is a `Policy`, not {type(policy).__name__}; `Policy.load` reads one from a file")
    from cfacl.policy.document.reader import check

    check(policy)
    return policy
