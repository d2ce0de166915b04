"""What only an administrator may do, and Thrift cannot: rights, visibility labels, cells that bear one."""

from __future__ import annotations

import subprocess
from types import TracebackType
from typing import Self
from urllib.parse import quote

from cfacl.testing.servers.errors import ServerError
from cfacl.testing.servers.jvm import end

__all__ = ["Operator"]


class Operator:
    """A JVM of its own, which takes a second to start and does each command in ten milliseconds; a context manager.

    A change returns before all of the server has it: for some 35 milliseconds more a user may still be denied what was
    granted, or allowed what was revoked.  So ask until it is as it should be.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, table: str | bytes, family: str, *, versions: int = 1, seconds: int = (1 << 31) - 1) -> None:
        """Give a table that exists one more family, whose cells live so many seconds."""
        self._do("add", table, family, str(versions), str(seconds))

    def remove(self, table: str | bytes, family: str) -> None:
        """Take a family, and its cells, from a table that has others."""
        self._do("remove", table, family)

    def split(self, table: str | bytes, row: bytes) -> None:
        """Make two regions of the one that a row is in, and begin the second with it."""
        self._do("split", table, row)

    def unassign(self, table: str | bytes) -> None:
        """Take all regions of a table from their servers, as happens when they move: nobody serves them meanwhile."""
        self._do("unassign", table)

    def assign(self, table: str | bytes) -> None:
        """Give them to servers again."""
        self._do("assign", table)

    def grant(self, user: str, rights: str, *scope: str | bytes) -> None:
        """Give rights: letters of `RWXCA`, on ``scope``: nothing for all tables, or a table, a family, a qualifier."""
        self._do("grant", user, rights, *scope)

    def revoke(self, user: str, rights: str, *scope: str | bytes) -> None:
        """Take rights; the arguments are those of `grant`."""
        self._do("revoke", user, rights, *scope)

    def define(self, *labels: str) -> None:
        """Make visibility labels; one that is there already is an error."""
        self._do("define", *labels)

    def allow(self, user: str, *labels: str) -> None:
        """Let a user see cells that bear these labels."""
        self._do("allow", user, *labels)

    def disallow(self, user: str, *labels: str) -> None:
        """Let a user no longer see them."""
        self._do("disallow", user, *labels)

    def put(self, table: str | bytes, row: bytes, family: str, qualifier: bytes, value: bytes, visibility: str) -> None:
        """Write a cell that only those see who may see ``visibility``: labels with `&`, `|`, `!` and brackets."""
        self._do("put", table, row, family, qualifier, value, visibility)

    def close(self) -> None:
        """End the JVM; again, it does nothing."""
        end([self._process])
        for each in (self._process.stdin, self._process.stdout):
            if each is not None:
                each.close()

    def _do(self, *words: str | bytes) -> None:
        """Raise `ServerError` with the server's own words where it refuses."""
        told, answers = self._process.stdin, self._process.stdout
        assert told is not None  # noqa: S101  # for the types: it was started with pipes
        assert answers is not None  # noqa: S101  # as above
        try:
            print(*(quote(each) for each in words), file=told, flush=True)
            answer = answers.readline()
        except OSError:
            answer = ""
        if answer != "ok\n":
            raise ServerError(f"`{words[0]!s}` failed: {answer.strip() or 'the tool has ended'}")
