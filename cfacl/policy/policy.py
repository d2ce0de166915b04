"""A policy: catalog, roles and principals, one document, immutable."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from cfacl.errors import Fault, PolicyError, RequestError
from cfacl.model.catalog import Catalog
from cfacl.model.grants import Expect, Never, Principal, Role
from cfacl.model.immutable import immutable
from cfacl.model.settings import StoreSettings
from cfacl.policy.faults import Place

if TYPE_CHECKING:
    from cfacl.policy.lint import Finding


@frozen(field_transformer=immutable)
class Policy:
    """Who may do what to which families, for which purposes and when.

    A policy that was loaded is consistent: every name is declared, no roles inherit in a circle,
    all date-times are in UTC, every `never` and `expect` line holds.  One built by hand is judged
    by ``Policy.loads(policy.dumps())``, and as strictly by whatever puts it in force.
    """

    name: str
    catalog: Catalog
    roles: Mapping[str, Role] = field(factory=dict)
    principals: Mapping[str, Principal] = field(factory=dict)
    never: tuple[Never, ...] = ()
    expect: tuple[Expect, ...] = ()
    stores: StoreSettings = field(factory=StoreSettings)
    #: For `lint`, of a policy that was read: where a list of its document names a thing again that the policy, which
    #: keeps sets, holds once; and what.  No part of what the policy says.
    repeated: tuple[tuple[Place, str], ...] = field(default=(), init=False, eq=False, repr=False)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Policy:
        """Read a policy from a TOML file, UTF-8, of at most 64 MiB.

        Raises:
            PolicyError: the file cannot be read, or as for `loads`; ``source`` is the path.
            RequestError: ``path`` is no path.
        """
        if not isinstance(path, (str, PathLike)):
            raise RequestError(f"a policy's path is a str or a `Path`, not {type(path).__name__}; name the file")
        from cfacl.policy.document.syntax import MAX_SIZE, decode

        try:
            with Path(path).open("rb") as file:
                raw = file.read(MAX_SIZE + 1)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            reason = (error.strerror if isinstance(error, OSError) else None) or "no file can have this name"
            raise PolicyError([Fault("", f"cannot be read: {reason.lower()}")], str(path)) from error
        try:
            return cls.loads(decode(raw))
        except PolicyError as error:
            raise PolicyError(error.faults, str(path)) from None

    @classmethod
    def loads(cls, text: str) -> Policy:
        """Read a policy from TOML.  The clock is not looked at: a grant of the past is no fault.

        Raises:
            PolicyError: with every fault of shape and of names, in document order, each with its path.
                A document that is not TOML has that one fault, with line and column; one whose parts
                are sound has a fault for each `never` and `expect` line that does not hold.
        """
        from cfacl.policy.compile import compile_policy
        from cfacl.policy.document.reader import read

        policy = read(text)
        compile_policy(policy)
        return policy

    def dumps(self) -> str:
        """Return the policy as TOML: names sorted, defaults left out, lists that have an order in theirs.

        ``Policy.loads(policy.dumps()) == policy`` for every policy that was loaded, and equal policies
        have equal texts.

        Raises:
            PolicyError: TOML cannot say a policy built by hand, as one with a column that is not UTF-8.
        """
        from cfacl.policy.document.writer import write

        return write(self)

    def lint(self) -> tuple[Finding, ...]:
        """Return what is likely a mistake though it is legal; see `cfacl.policy.lint`.

        Raises:
            PolicyError: the policy, one built by hand, has faults.
        """
        from cfacl.policy.document.reader import check
        from cfacl.policy.lint import lint

        check(self)
        return lint(self)
