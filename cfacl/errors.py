"""Every error that cfacl raises.

::

    CfaclError
    ├─ AccessDenied            the policy said no
    ├─ RequestError            the caller's mistake                            (also ValueError)
    │  ├─ UnknownTable         no such table in the catalog
    │  ├─ UnknownFamily        no such family in the table
    │  ├─ UnknownColumn        the family declares its columns, and not this one
    │  ├─ UnknownPurpose       no such purpose in the policy
    │  ├─ UnknownPrincipal     an operator asks about somebody whom the policy does not have
    │  ├─ UnknownAction        not one of `read`, `write`, `delete`, `admin`
    │  ├─ InvalidKey           a row key that no store takes
    │  ├─ InvalidValue         a column name, value, timestamp or counter that no store takes
    │  ├─ FilterError          a filter that can't be read, or asks what it can't
    │  ├─ Closed               the session or the database is closed, or belongs to the parent process
    │  ├─ TlsRequired          the policy asks for a connection that nobody else can read
    │  └─ Unsupported          this store cannot do that, and it is not emulated
    ├─ PolicyError             the author's mistake, each fault with its path  (also ValueError)
    └─ StoreError              we cannot tell
       ├─ SchemaMissing        the catalog knows a family that the store lacks
       ├─ StoreUnavailable     try again later
       ├─ StoreTimeout         try again; a write may have been applied
       ├─ PartlyWritten        some of a batch was written, and it says which
       ├─ StoreLocked          another process writes this store
       ├─ StoreCorrupted       the data on disk is damaged; restore it
       └─ StoreContractError   the store answered what was not asked; never retry

The branches are disjoint: a denial never reports a failure, and a failure is never
reported as a denial or as a missing row.  Messages are one line, lower case, with names
in backticks, and hold no row key and no value.

`AccessDenied` is not a `PermissionError`: that is an `OSError`, which retry code swallows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

__all__ = [
    "REASONS",
    "AccessDenied",
    "CfaclError",
    "Closed",
    "Fault",
    "FilterError",
    "InvalidKey",
    "InvalidValue",
    "PartlyWritten",
    "PolicyError",
    "RequestError",
    "SchemaMissing",
    "StoreContractError",
    "StoreCorrupted",
    "StoreError",
    "StoreLocked",
    "StoreTimeout",
    "StoreUnavailable",
    "TlsRequired",
    "UnknownAction",
    "UnknownColumn",
    "UnknownFamily",
    "UnknownPrincipal",
    "UnknownPurpose",
    "UnknownTable",
    "Unsupported",
    "one_line",
    "printable",
    "quoted",
    "quoted_path",
]

#: How much of a name a message shows, in characters.
_SHOWN = 80


def quoted(name: object) -> str:
    """Return ``name`` in backticks on one line, with what could forge a message escaped; cut where it is long."""
    try:
        text = _escaped(name if isinstance(name, str) else repr(name))
    except Exception:  # noqa: BLE001  # of an int of 5,000 digits, say
        text = type(name).__name__
    return f"`{text if len(text) <= _SHOWN else text[: _SHOWN - 3] + '...'}`"


def quoted_path(path: object) -> str:
    """Return a path as `quoted` does, and never cut, since its end tells most."""
    return f"`{_escaped(str(path))}`"


def one_line(text: str) -> str:
    """Return free text, which may be of many lines, on one: blanks run together, the rest as `printable` has it."""
    return printable(" ".join(text.split()))


def printable(text: str) -> str:
    """Return a message of our own with everything escaped that could end its line or move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _escaped(text: str) -> str:
    return printable(text).replace("`", f"\\u{ord('`'):04x}")


class CfaclError(Exception):
    """The root of all errors of cfacl; never raised itself.  It is pickled and copied with all that it tells."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), *self.args), self.__dict__


def _again(kind: type[CfaclError], *args: object) -> CfaclError:
    """Make an error without its ``__init__``, which may want more than its message: the rest is put into it afterwards."""
    return kind.__new__(kind, *args)


#: Why a request may be denied.
REASONS: Final = ("not_granted", "unknown_principal", "removed_principal", "failed")


class AccessDenied(CfaclError):
    """The policy said no; asking again gives the same answer until the policy changes.

    Attributes:
        principal, purpose, table, action: what was asked, by name (``table`` may be ``None``
            when the principal itself was refused).
        families: the denied families, a ``frozenset[str]``.
        epoch: the policy version that decided, counted within this process.
        reason: one word: ``not_granted``, ``unknown_principal``, ``removed_principal``,
            ``failed`` (the decision itself broke; the cause is chained).

    `decision` names it, for an answer that tells nothing else.
    """

    def __init__(
        self,
        message: str,
        *,
        principal: str,
        purpose: str | None = None,
        table: str | None = None,
        action: str | None = None,
        families: Iterable[str] = (),
        epoch: int = 0,
        reason: str = "not_granted",
    ) -> None:
        super().__init__(message)
        self.principal = principal
        self.purpose = purpose
        self.table = table
        self.action = action
        self.families = frozenset(families)
        self.epoch = epoch
        self.reason = reason

    @property
    def decision(self) -> str:
        """What names this one denial: 16 random hexadecimal digits.  Its `Event`, and copies of it, have the same.

        Made when it is first read, so that a denial of which nobody is told costs nothing.  It tells nothing by itself.
        """
        from secrets import token_hex

        made: str = self.__dict__.setdefault("_decision", token_hex(8))  # of two threads the first
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        _ = self.decision
        return super().__reduce__()


class RequestError(CfaclError, ValueError):
    """The caller's mistake: the request makes no sense, whoever asks."""


class UnknownTable(RequestError):
    """No table of this name is in the catalog."""


class UnknownFamily(RequestError):
    """The table has no family of this name."""


class UnknownColumn(RequestError):
    """The family declares its columns, and this is not one of them."""


class UnknownPurpose(RequestError):
    """The policy declares no purpose of this name."""


class UnknownPrincipal(RequestError):
    """An operator asks about somebody whom the policy does not have; whoever asks for themselves is denied."""


class UnknownAction(RequestError):
    """Not an action; the four are `read`, `write`, `delete`, `admin`."""


class InvalidKey(RequestError):
    """A row key is 1 to 32,767 bytes."""


class InvalidValue(RequestError):
    """A column name, a value, a timestamp or a counter that no store takes."""


class FilterError(RequestError):
    """A filter that can't be read, or asks what it can't.

    Attributes:
        position: where in its text, in bytes from 0; ``None`` for one that was not made from text.

    Where it was made from text, its note shows the place, with all that stands in quotes blanked out.
    """

    position: int | None = None


class Closed(RequestError):
    """The session or database was closed, or was opened by the parent of this process."""


class TlsRequired(RequestError):
    """The store is reached in plain text, and the policy's ``require_tls`` is for what it holds."""


class Unsupported(RequestError):
    """This store lacks the capability; it is not emulated."""


class Fault(NamedTuple):
    """One mistake in a policy: where it stands (``roles.support.grants[2].families``), and what it is."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class PolicyError(CfaclError, ValueError):
    """The policy's author made mistakes; ``faults`` has all of them, in document order."""

    def __init__(self, faults: Iterable[Fault], source: str | None = None) -> None:
        self.faults = tuple(faults)
        self.source = source
        super().__init__(self.faults, source)

    def __str__(self) -> str:
        where = "" if self.source is None else f"{quoted_path(self.source)}: "
        if len(self.faults) == 1:
            return f"{where}{self.faults[0]}"
        return f"{where}{len(self.faults)} faults: " + "; ".join(map(str, self.faults))


class StoreError(CfaclError):
    """The store failed, so the answer is not known."""


class SchemaMissing(StoreError):
    """The catalog knows a table or family that the store lacks, or holds from an earlier policy."""


class StoreUnavailable(StoreError):
    """The store cannot be reached or cannot write; retry later."""


class StoreTimeout(StoreError):
    """The store did not answer in time; a write may have been applied."""


class PartlyWritten(StoreError):
    """Some rows of a batch were written and others not, on a store that can't write all of them at once.

    Attributes:
        written, unwritten: row keys of which that is known, each a ``frozenset[bytes]``.
        unknown: those of the call that failed: look before they are sent again.
    """

    def __init__(
        self, message: str, *, written: Iterable[bytes], unknown: Iterable[bytes], unwritten: Iterable[bytes]
    ) -> None:
        super().__init__(message)
        self.written = frozenset(written)
        self.unknown = frozenset(unknown)
        self.unwritten = frozenset(unwritten)


class StoreLocked(StoreError):
    """Another process has this store open for writing."""


class StoreCorrupted(StoreError):
    """What the store holds is damaged; restore it from a backup."""


class StoreContractError(StoreError):
    """The store answered something that was not asked for; the answer was dropped."""
