"""`cfacl import`: from what others list, or from an HBase that is there, to a policy."""

from __future__ import annotations

import re
import sys
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from time import time_ns
from typing import Annotated, Any, Final

import typer

from cfacl.cli import source
from cfacl.cli.listings import (
    TABLE,
    NamespaceOption,
    Read,
    TableOption,
    documents,
    from_cassandra,
    from_csv,
    from_hbase,
    from_pairs,
    known_purpose,
    refuse_strangers,
    told,
)
from cfacl.cli.screen import Answer, DocumentFormatOption, Format, busy, print_json, say
from cfacl.errors import PolicyError, RequestError, quoted


class Origin(StrEnum):
    """What a policy is made from."""

    PAIRS = "pairs"
    CSV = "csv"
    HBASE = "hbase"
    HBASE_PERMISSIONS = "hbase-permissions"
    CASSANDRA_PERMISSIONS = "cassandra-permissions"


#: Of how many rows of each table the names of columns are looked at, where nothing is said.
_ROWS: Final = 100
#: What looks like the address of a gateway.
_ADDRESS: Final = re.compile(r"hbase\S*://\S*|[\w.-]+:\d+")


#: Which option is for which origins.
_FOR: Final[dict[str, list[Origin]]] = {
    "--table": [Origin.PAIRS],
    "--namespace": [Origin.HBASE_PERMISSIONS],
    "--rows": [Origin.HBASE],
    "--purpose": [each for each in Origin if each is not Origin.HBASE],
}


def _origin(text: str) -> Origin:
    if text not in list(Origin):
        *most, last = (f"`{each}`" for each in Origin)
        raise typer.BadParameter(f"must be {', '.join(most)} or {last}, not {quoted(text)}")
    return Origin(text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise typer.BadParameter(f"must be a whole number, not {quoted(text)}")
    return int(text)


def import_policy(
    file: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A file, `-` for stdin; with `--from hbase` the address of a gateway, `host:9090`.",
            show_default=False,
        ),
    ],
    origin: Annotated[
        Origin,
        typer.Option("--from", parser=_origin, metavar="|".join(Origin), help="What it is made from."),
    ] = Origin.PAIRS,
    table: TableOption = None,
    purpose: Annotated[
        str | None,
        typer.Option(
            "--purpose",
            metavar="NAME",
            help="What all of it is for, where the source does not say; `work` if left out.",
            show_default=False,
        ),
    ] = None,
    namespace: NamespaceOption = None,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What the policy is called.")] = "imported",
    rows: Annotated[
        int | None,
        typer.Option(
            "--rows",
            metavar="N",
            parser=_number,
            help=f"In HBase, of how many rows of a table the names of columns are looked at; {_ROWS} if left out.",
            show_default=False,
        ),
    ] = None,
    form: DocumentFormatOption = Format.TABLE,
) -> int:
    """Make a policy of what others list, or of an HBase's tables.

    It is printed as TOML, and gives everybody exactly what the source does; users with equal permissions share a role.

    `pairs` has lines of a user and a permission; `csv` a heading, `principal,table,family,action`, and perhaps `purpose` and `columns`; `hbase-permissions` is what `user_permission '.*'` prints in `hbase shell -n`; `cassandra-permissions` what `LIST ALL PERMISSIONS` prints in `cqlsh`, a keyspace being a table, and its tables families.

    A list of nobody, as `export` writes it, makes a policy that gives nobody anything, and that is told on stderr; a file without a byte in it, as a command leaves that failed, is refused.

    Every principal is an `employee`, since no list says who is a service or a third party, and that is told on stderr: put it right before a `never` line goes by it.

    What a policy can't say exactly, as a right on a whole table or on one column, is given to nobody, and told on stderr. Levels are in no list: families are at the top level, those of pairs at `internal`, ready to be classified.

    `hbase` asks a live one: every family is for no purpose and granted to nobody; a level that is guessed from names of columns is a comment, which JSON has none of.

    Exit code 0 if the policy says all of it, 1 if something is left out.
    """
    refuse_strangers(
        "--from", origin, {"--table": table, "--namespace": namespace, "--rows": rows, "--purpose": purpose}, _FOR
    )
    if origin is Origin.HBASE:
        with busy("looking at tables"):
            drafted = _from_hbase(file, name, _ROWS if rows is None else rows)
        return _printed(drafted, [], "", form)
    if _ADDRESS.fullmatch(file) and not Path(file).exists():
        raise RequestError(f"{quoted(file)} is no file; say `--from hbase` if it is the address of a gateway")
    from cfacl.policy.text.layout import laid_out

    path = Path(file)
    try:
        with busy("importing"):
            read = _listed(path, origin, name, purpose, table, namespace)
            text = laid_out(read.policy.dumps())
    except PolicyError as error:
        raise PolicyError(error.faults, source.name(path)) from None
    if form is not Format.JSON:
        if not read.policy.principals:
            say(f"{source.name(path)}: gives nobody anything, and so does the policy", err=True)
        for each in read.left_out:
            say(f"{source.name(path)}: line {each.line}: {told(each)}", err=True)
        if read.hidden:
            say(f"{source.name(path)}: not visible there: {read.hidden}", err=True)
    return _printed(text, documents(read.left_out), read.hidden, form)


def _listed(
    file: Path, origin: Origin, name: str, purpose: str | None, table: str | None, namespace: str | None
) -> Read:
    from cfacl.policy.listings.entries import PURPOSE
    from cfacl.stores.rights.hbase import NAMESPACE

    stated = PURPOSE if purpose is None else known_purpose(purpose)
    match origin:
        case Origin.CSV:
            return from_csv(file, name, stated)
        case Origin.HBASE_PERMISSIONS:
            return from_hbase(file, name, stated, NAMESPACE if namespace is None else namespace)
        case Origin.CASSANDRA_PERMISSIONS:
            return from_cassandra(file, name, stated)
        case _:
            return from_pairs(file, name, stated, TABLE if table is None else table)


def _printed(text: str, left_out: list[dict[str, Any]], hidden: str, form: Format) -> int:
    if form is Format.JSON:
        import tomllib

        with busy("laying out"):
            policy = tomllib.loads(text)
        print_json({"policy": policy, "left_out": left_out, "hidden": hidden})
    else:
        sys.stdout.buffer.write(text.encode())  # TOML is UTF-8, whatever the terminal speaks
    return Answer.NO if left_out else Answer.YES


def _from_hbase(address: str, name: str, rows: int) -> str:
    from cfacl.policy.text.draft import draft
    from cfacl.stores.registry import open_store

    url = address if "://" in address else f"hbase://{address}"
    if not url.startswith(("hbase://", "hbase+")):
        raise RequestError(f"{quoted(address)} is no address of a gateway of hbase; write `host:9090`")
    with closing(open_store(url, clock=time_ns)) as store:
        return draft(store.administration().discover(rows), name=name)
