"""A store's own rights: what they can say of a policy, what they are now, and how they are changed.

They are a second wall, for whoever reaches a store by another way than cfacl.  A store knows accounts by opaque names here,
and what each needs; it knows neither roles nor purposes.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import ClassVar, Literal, NamedTuple

from cfacl.errors import StoreError
from cfacl.model.action import Action
from cfacl.model.projection import StoredFamily

__all__ = ["NativeRights", "Need", "Refused", "Right", "RightsOff", "Said", "Scope", "Unsaid", "sorted_out"]

#: What a right is given on, from the narrowest on.
Scope = Literal["column", "family", "table", "namespace", "everything"]


class RightsOff(StoreError):
    """The store asks for no rights: whoever reaches it may do everything."""


class Refused(StoreError):
    """The store's own rights refuse it to whom the store takes us for.

    Attributes:
        user: who that is, where the store says it; otherwise empty.
    """

    def __init__(self, message: str, user: str = "") -> None:
        super().__init__(message)
        self.user = user


class Need(NamedTuple):
    """What an account may do to a family, always; of its columns only to ``columns``, or (``None``) to any."""

    account: str
    family: StoredFamily
    columns: frozenset[bytes] | None
    actions: frozenset[Action]


class Right(NamedTuple):
    """What an account is given, all names as the store has them.

    Attributes:
        place: a table, or a namespace; empty for everything.
        letters: what may be done, as the store writes it.
        gone: given on a family that the store no longer has, and will not have again.
        system: given on what the store keeps for itself, through which whoever has it gets at what others have.
    """

    account: str
    scope: Scope
    place: str
    family: str
    column: bytes | None
    letters: str
    gone: bool = False
    system: bool = False

    @property
    def key(self) -> tuple[str, Scope, str, str, bytes | None]:
        """What an account has one right for, whatever the letters."""
        return self[:5]

    @property
    def on(self) -> str:
        """What it is given on, for people."""
        parts = [self.place or self.scope, *filter(None, [self.family])]
        if self.column is not None:
            parts.append(self.column.decode("utf-8", "backslashreplace"))
        return ":".join(parts) if self.scope in ("column", "family") else f"{self.scope} {self.place}".strip()


class Unsaid(NamedTuple):
    """What an account may do to a family, or a column of it, by the policy, and the store's own rights cannot say."""

    account: str
    table: str
    family: str
    what: str
    why: str


class Said(NamedTuple):
    """What needs come to: never more than they are, and what is left out."""

    rights: list[Right]
    unsaid: list[Unsaid]


def sorted_out(found: Iterable[Right | Unsaid]) -> Said:
    """Return rights and what they cannot say, each for itself."""
    said = Said([], [])
    for each in found:
        if isinstance(each, Right):
            said.rights.append(each)
        else:
            said.unsaid.append(each)
    return said


class NativeRights(abc.ABC):
    """The rights of one store.

    Attributes:
        hidden: what a look into its rights does not show.
    """

    hidden: ClassVar[str]

    @abc.abstractmethod
    def say(self, needs: Iterable[Need]) -> Said:
        """Return the rights that give what is needed and nothing more; what they cannot give exactly is left out."""

    @abc.abstractmethod
    def read(self, tables: Collection[str], spent: Callable[[int], bool]) -> list[Right]:
        """Return what is given on tables, by our names, on our records, on what all are part of, and on the store's own.

        Args:
            spent: whether an identity was given to a family that is no more: none will have it again.

        Raises:
            RightsOff: the store has none.
            StoreError: they cannot be read.
        """

    @abc.abstractmethod
    def unseen(self) -> str | None:
        """Return why it cannot be seen from here whether the store heeds its rights, and how it can; ``None``: it does.

        Raises:
            RightsOff: it does not, whatever is written there.
            StoreError: the store failed at something else.
        """

    @abc.abstractmethod
    def script(self, revoked: Sequence[Right], granted: Sequence[Right], remarks: Sequence[str]) -> str:
        """Return what an operator runs to take and to give rights: each is taken whole, and given whole."""
