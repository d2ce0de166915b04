"""`cfacl store`: is a store whole, how does it get elsewhere and back, and what is in it for too long?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cfacl.cli.screen import Answer, Format, FormatOption, busy, console, counted, listing, print_csv, print_json, say
from cfacl.cli.source import PolicyArgument
from cfacl.cli.source import policy as read_policy
from cfacl.errors import quoted_path

if TYPE_CHECKING:
    from cfacl.stores.base import Copied, Swept

StoreArgument = Annotated[Path, typer.Argument(metavar="STORE", help="The store's directory.", show_default=False)]
BackupArgument = Annotated[Path, typer.Argument(metavar="BACKUP", help="The backup's directory.", show_default=False)]

#: What is said of a family.
_VERIFIED: Final = ("table", "family", "identity", "values")
_SWEPT: Final = ("table", "family", "looked", "removed")


def verify(store: StoreArgument, form: FormatOption = Format.TABLE) -> int:
    """Read every value of a store, and change nothing.

    It may be in use meanwhile: what is read is what it held when this began.

    Exit code 0 if all of it can be read, 1 if something is damaged, 2 if it is no store, or cannot be looked at.
    """
    from cfacl.errors import StoreCorrupted
    from cfacl.stores.rocksdb.verification import verify as verified

    families = []
    damage = None
    try:
        with busy("reading every value"):
            families = [{**each._asdict(), "values": each.values} for each in verified(store)]
    except StoreCorrupted as error:
        damage = str(error)
    if form is Format.JSON:
        print_json({"store": str(store), "whole": damage is None, "damage": damage, "families": families})
    elif form is Format.CSV:
        print_csv(_VERIFIED, families)
        if damage is not None:
            say(damage, err=True)
    elif damage is not None:
        say(damage)
    else:
        rows = [{**each, "identity": str(each["identity"]), "values": f"{each['values']:,}"} for each in families]
        listing(_VERIFIED, rows, "the store holds no families")
    return Answer.NO if damage is not None else Answer.YES


def backup(store: StoreArgument, to: BackupArgument, form: FormatOption = Format.TABLE) -> int:
    """Copy a store that nobody has open to a new directory; each file is read again and told by its hash.

    A service that has the store open backs it up itself, by `Database.back_up`.

    Exit code 0 if all of it is copied, 2 if it could not be.
    """
    from cfacl.stores.rocksdb import open_store
    from cfacl.stores.rocksdb.backup import confirm_target
    from cfacl.stores.rocksdb.verification import column_families

    with busy("opening"):
        column_families(store)
        confirm_target(store, to)  # for opening it changes the store's files
        opened = open_store(_url(store), clock=time_ns)
    with closing(opened):
        size = _watched("backing up", opened.back_up(to))
    return _told(f"{counted(size, 'byte', 'bytes')} of {quoted_path(store)} are in {quoted_path(to)}", size, form)


def restore(backup: BackupArgument, store: StoreArgument, form: FormatOption = Format.TABLE) -> int:
    """Make a store of a backup, in a new directory; every file must be what was backed up, and every value readable.

    Exit code 0 if the store is made, 2 if it could not be, or if the backup is damaged.
    """
    from cfacl.stores.rocksdb.backup import restore as restored

    values = 0

    def steps() -> Iterator[Copied]:
        nonlocal values
        values = yield from restored(backup, store)

    size = _watched("restoring", steps())
    return _told(
        f"{quoted_path(store)} holds {counted(values, 'value', 'values')} of {quoted_path(backup)}", size, form
    )


def sweep(store: StoreArgument, policy: PolicyArgument, form: FormatOption = Format.TABLE) -> int:
    """Remove what has outlived the `time_to_live` of its family, from a store that nobody has open.

    A service that has the store open sweeps it itself, by `Database.sweep` or `sweep_every`. What the policy does not
    name stays as it is. The clock of this machine decides: see that it is right.

    Exit code 0 if it is done, whether anything was removed or not.
    """
    from cfacl.api.schema import Schema
    from cfacl.api.sweeper import totals
    from cfacl.stores.rocksdb import open_store
    from cfacl.stores.rocksdb.verification import column_families

    with busy("opening"):
        catalog = read_policy(policy).catalog
        column_families(store)
        opened = open_store(_url(store), clock=time_ns)
    with closing(opened):
        families = [each for each in Schema(opened).usable(catalog).values() if each.time_to_live is not None]
        swept = totals(_counted(step for each in families for step in opened.sweep(each)))
    if form is Format.JSON:
        print_json([each._asdict() for each in swept])
    elif form is Format.CSV:
        print_csv(_SWEPT, [each._asdict() for each in swept])
    else:
        rows = [{**each._asdict(), "looked": f"{each.looked:,}", "removed": f"{each.removed:,}"} for each in swept]
        listing(_SWEPT, rows, "no family that the store holds has a `time_to_live`")
    return Answer.YES


def _counted(steps: Iterable[Swept]) -> Iterator[Swept]:
    """Pass steps on behind a count, on a terminal."""
    from rich.progress import Progress, SpinnerColumn, TextColumn

    screen = console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        task = progress.add_task("sweeping")
        looked = removed = 0
        for step in steps:
            looked, removed = looked + step.looked, removed + step.removed
            progress.update(task, description=f"sweeping: {looked:,} values looked at, {removed:,} removed")
            yield step


def _url(store: Path) -> str:
    return store.absolute().as_uri().replace("file:", "rocksdb:", 1)


def _watched(what: str, steps: Iterable[Copied]) -> int:
    """Take all steps behind a progress bar, on a terminal, and return how many bytes they copied."""
    size = 0
    for step in _shown(what, steps):
        size = step.size
    return size


def _shown(what: str, steps: Iterable[Copied]) -> Iterator[Copied]:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    screen = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        for step in steps:
            progress.update(task, completed=step.size, total=step.total)
            yield step


def _told(line: str, size: int, form: Format) -> int:
    if form is Format.JSON:
        print_json({"bytes": size})
    elif form is Format.CSV:
        print_csv(("bytes",), [{"bytes": size}])
    else:
        say(line)
    return Answer.YES
