"""`cfacl export`: from a policy to what others list, for one purpose and from one instant on."""

from __future__ import annotations

import sys
from time import time_ns
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cfacl.cli import source
from cfacl.cli.ask import At
from cfacl.cli.listings import NamespaceOption, TableOption, refuse_strangers
from cfacl.cli.screen import Answer, Format, FormatOption, busy, print_csv, print_json, say
from cfacl.cli.source import PolicyArgument
from cfacl.cli.targets import Exported, Target, exported
from cfacl.errors import RequestError, quoted

if TYPE_CHECKING:
    from cfacl.stores.native import Unsaid


#: Which option is for which target.
_FOR: Final = {"--table": [Target.PAIRS], "--namespace": [Target.HBASE_PERMISSIONS]}
_COLUMNS: Final = ("standing", "principal", "table", "family", "what", "purpose", "why")


def _target(text: str) -> Target:
    if text not in list(Target):
        *most, last = (f"`{each}`" for each in Target)
        raise typer.BadParameter(f"must be {', '.join(most)} or {last}, not {quoted(text)}")
    return Target(text)


def export(
    policy: PolicyArgument,
    to: Annotated[
        Target,
        typer.Option("--to", parser=_target, metavar="|".join(Target), help="What to write.", show_default=False),
    ],
    purpose: Annotated[
        str | None,
        typer.Option(
            "--purpose",
            metavar="PURPOSE",
            help="The purpose for which it is; for csv, which can say it, all of them if left out.",
            show_default=False,
        ),
    ] = None,
    at: At = None,
    table: TableOption = None,
    namespace: NamespaceOption = None,
    form: FormatOption = Format.TABLE,
) -> int:
    """Write who may do what, as others list it.

    `import` reads it back; but for `delete` on a family that declares columns, of which HBase's rights say less, and that is told. It says what stands from now, or from a time that you give, without an end. What the other can't say exactly, as a grant that ends, is left out and told on stderr; roles, levels and restrictions are gone, and what they come to is there. Where nobody may do anything, that is a heading without lines, and for pairs an empty line.

    Tables and families are called as in the policy. What HBase and Cassandra are to be told of their own tables, `cfacl native plan` writes.

    Exit code 0 if all is written, 1 if something is left out.
    """
    from cfacl.model.grants import nanoseconds

    refuse_strangers("--to", to, {"--table": table, "--namespace": namespace}, _FOR)
    if purpose is None and to is not Target.CSV:
        raise RequestError(f"`--to {to}` says no purpose; name the one that it is for, by `--purpose`")
    now = time_ns() if at is None else nanoseconds(at)
    with busy("exporting"):
        read = source.policy(policy)
        purposes = sorted(read.catalog.purposes) if purpose is None else [purpose]
        found = exported(read, to, purposes, now, table=table, namespace=namespace)
    if form is Format.JSON:
        entries = [each._asdict() for each in found.entries]
        print_json({"text": found.text, "entries": entries, "left_out": [_unsaid(each) for each in found.left_out]})
        return _answer(found)
    if form is Format.CSV:
        rows = [{"standing": "exported", "what": each.action, "why": "", **each._asdict()} for each in found.entries]
        rows += [{"standing": "left out", "purpose": "", **_unsaid(each)} for each in found.left_out]
        print_csv(_COLUMNS, rows)
        return _answer(found)
    for each in found.left_out:
        on = f"{each.table}:{each.family}"
        say(f"cfacl: left out: {quoted(each.account)}, {each.what} on {quoted(on)}: {each.why}", err=True)
    sys.stdout.buffer.write(found.text.encode())  # as `import` reads it, whatever the terminal speaks
    return _answer(found)


def _unsaid(each: Unsaid) -> dict[str, str]:
    document = each._asdict()
    return {"principal": document.pop("account"), **document}


def _answer(found: Exported) -> Answer:
    return Answer.NO if found.left_out else Answer.YES
