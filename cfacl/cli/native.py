"""`cfacl native`: the policy as the store's own rights, so that whoever reaches it another way meets the same rule."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cfacl.cli import completion, source
from cfacl.cli.rights import STANDING, as_document, planned, script_of, told
from cfacl.cli.screen import Answer, Format, FormatOption, busy, print_csv, print_json, say
from cfacl.cli.source import PolicyArgument
from cfacl.errors import RequestError, StoreError, quoted

if TYPE_CHECKING:
    from cfacl import Policy
    from cfacl.api.wall import Wall
    from cfacl.stores.base import Store

StoreOption = Annotated[
    str,
    typer.Option(
        "--store",
        metavar="URL",
        help="The store, as `hbase://host:9090` or `cassandra://host/keyspace`.",
        show_default=False,
    ),
]
PurposeOption = Annotated[
    str | None,
    typer.Option(
        "--purpose",
        metavar="PURPOSE",
        help="The only purpose for which accounts work; left out: any that a family may be used for.",
        show_default=False,
        autocompletion=completion.purposes,
    ),
]
AccountOption = Annotated[
    list[str],
    typer.Option(
        "--account",
        metavar="PRINCIPAL",
        help="Whom to give rights; several times for several, all principals if left out.",
        show_default=False,
        autocompletion=completion.principals,
    ),
]
OperatorOption = Annotated[
    list[str],
    typer.Option(
        "--operator",
        metavar="USER",
        help="Who looks after the store, such as its gateway's user, and keeps those rights; several times for several.",
        show_default=False,
    ),
]
HeededOption = Annotated[
    bool,
    typer.Option(
        "--heeded",
        help="You know that the store heeds its rights, where the gateway can't be asked as somebody else.",
        show_default=False,
    ),
]
#: What a command of the operator's prints goes there: stdout is for the answer.
_STDERR: Final = 2


def plan(
    policy: PolicyArgument,
    store: StoreOption,
    purpose: PurposeOption = None,
    account: AccountOption = [],  # noqa: B006  # typer copies it
    operator: OperatorOption = [],  # noqa: B006  # as above
    form: FormatOption = Format.TABLE,
) -> int:
    """Write what makes the store's own rights those of the policy, never wider; change nothing.

    An account is a principal, by the same name. It is given what the policy gives it now, without an end, and for every
    purpose that a family may be used for. What the store can't say exactly is listed behind the script, and not given.

    For HBase it is a script for `hbase shell -n`, for Cassandra one for `cqlsh`. As CSV it is a list of what that does.

    Exit code 0, also where something is not given: that is listed.
    """
    with _opened(policy, store) as (read, opened):
        wall = _wall(opened, read, purpose, account, operator)
        script = script_of(opened, wall)
    if form is Format.JSON:
        print_json({**as_document(wall), "script": script})
    elif form is Format.CSV:
        print_csv(STANDING, planned(wall))
        if wall.unseen is not None and not wall.heeded:
            say(wall.unseen, err=True)
    else:
        typer.echo(script, nl=False)
    return Answer.YES


def apply(
    policy: PolicyArgument,
    store: StoreOption,
    shell: Annotated[
        str,
        typer.Option(
            "--shell",
            metavar="COMMAND",
            help="What runs the script that it reads from stdin, as `hbase shell -n` or `cqlsh`.",
            show_default=False,
        ),
    ],
    purpose: PurposeOption = None,
    account: AccountOption = [],  # noqa: B006  # typer copies it
    operator: OperatorOption = [],  # noqa: B006  # as above
    heeded: HeededOption = False,
    form: FormatOption = Format.TABLE,
) -> int:
    """Run what `plan` writes by a command of yours, then read the rights back as `verify` does.

    What the command prints goes to stderr. Rights are taken before any are given, so that nobody has too many meanwhile.

    Exit code 0 if the rights are then those of the policy, 1 if they are not, or if it was not seen that the store heeds them.
    """
    with _opened(policy, store) as (read, opened):
        wall = _wall(opened, read, purpose, account, operator, heeded=heeded)
        if wall.revoked or wall.granted:
            _run(shell, script_of(opened, wall))
            wall = _wall(opened, read, purpose, account, operator, heeded=heeded)
        return told(wall, form, opened.native_rights().hidden)


def verify(
    policy: PolicyArgument,
    store: StoreOption,
    purpose: PurposeOption = None,
    account: AccountOption = [],  # noqa: B006  # typer copies it
    operator: OperatorOption = [],  # noqa: B006  # as above
    heeded: HeededOption = False,
    form: FormatOption = Format.TABLE,
) -> int:
    """Read the store's own rights, and say where they are less than what `plan` would give, or more than the policy does.

    Exit code 0 if they are neither, and the store refuses somebody whom nobody knows. 1 otherwise: also if the store heeds no rights, or if that can't be seen from here, unless you say `--heeded`.
    """
    from cfacl.stores.native import RightsOff

    with _opened(policy, store) as (read, opened):
        try:
            wall = _wall(opened, read, purpose, account, operator, heeded=heeded)
        except RightsOff as off:
            if form is Format.JSON:
                print_json({"off": str(off)})
            elif form is Format.CSV:
                print_csv(STANDING, ())
                say(str(off), err=True)
            else:
                say(str(off))
            return Answer.NO
        return told(wall, form, opened.native_rights().hidden)


@contextmanager
def _opened(policy: Path, url: str) -> Iterator[tuple[Policy, Store]]:
    """Read a policy and open a store, which is closed in the end."""
    with busy("opening"):
        read = source.policy(policy)
        store = _open(url, read)
    with closing(store):
        yield read, store


def _open(url: str, policy: Policy) -> Store:
    """Open a store as `connect` would: an operator's password, too, goes nowhere in plain text that the policy refuses."""
    from cfacl.api.encryption import confirm_encrypted
    from cfacl.stores.registry import open_store

    if "://" not in url:
        raise RequestError(f"{quoted(url)} says no place; write `--store hbase://host:9090`")
    return open_store(url, clock=time_ns, admit=partial(confirm_encrypted, policy=policy))


def _wall(
    store: Store,
    policy: Policy,
    purpose: str | None,
    accounts: list[str],
    operators: list[str],
    *,
    heeded: bool = False,
) -> Wall:
    from cfacl.api.arguments import known_principal
    from cfacl.api.wall import wall

    for each in accounts:
        known_principal(each, policy.principals)
    with busy("reading rights"):
        return wall(store, policy, time_ns(), purpose=purpose, accounts=accounts, operators=operators, heeded=heeded)


def _run(shell: str, script: str) -> None:
    try:
        words = shlex.split(shell)
    except ValueError as error:
        raise RequestError(f"`--shell` is no command: {str(error).lower()}") from error
    if not words:
        raise RequestError("`--shell` is empty; write `--shell 'hbase shell -n'`")
    sys.stdout.flush()
    try:
        ended = subprocess.run(words, input=script, text=True, encoding="utf-8", stdout=_STDERR, check=False)  # noqa: S603  # the operator's own
    except OSError as error:
        raise StoreError(f"{quoted(words[0])} cannot be run: {(error.strerror or 'unknown').lower()}") from error
    if ended.returncode:
        raise StoreError(
            f"{quoted(words[0])} ended with code {ended.returncode}, and some of it may be done; `cfacl native verify` says what"
        )
