"""The demonstration on the screen."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from cfacl.cli.demo import scenario
from cfacl.cli.screen import counted, grid
from cfacl.errors import printable

#: The fewest columns in which all of it finds room.
NARROWEST: Final = 60

_GRANTED = Text("granted", style="green")
_WITHHELD = Text("withheld", style="yellow")
_REFUSED = Text("refused", style="red")


def show(document: dict[str, Any], screen: Console) -> None:
    """Print what was computed, part by part."""
    _opening(document, screen)
    _row(document["row"], screen)
    _refusals(document["refusals"], screen)
    _scan(document["scan"], screen)
    _revoke(document["revoke"], screen)
    _cost(document["cost"], screen)
    _waiting(document["waiting"], screen)
    screen.print()
    directory = document["store"]["directory"]
    if directory is not None:
        screen.print(f"The store stays in {printable(directory)}", soft_wrap=True)
    screen.print("Now ask the policy yourself:")
    question = (_command(), "explain", document["policy"]["file"], "maya", "read", "account:id", "--purpose", "support")
    screen.print(Text(shlex.join(question), style="bold"), soft_wrap=True)


def _command() -> str:
    """Return what this command is found by: its name, or where it is."""
    return "cfacl" if shutil.which("cfacl") else sys.argv[0]


def _title(screen: Console, number: int, text: str) -> None:
    screen.print()
    screen.print(Rule(Text(f"{number}  {text}", style="bold"), align="left", style="dim"))


def _say(screen: Console, text: str, indent: int = 0, style: str = "") -> None:
    screen.print(Padding(Text(printable(text), style=style), (0, 0, 0, indent), expand=False))


def _refusal(screen: Console, message: str | None) -> None:
    """Print what a call was refused with; a call that was not would be seen here, too."""
    text = Text.assemble(("AccessDenied ", "red"), printable(message)) if message else Text("allowed", style="green")
    screen.print(Padding(text, (0, 0, 0, 2), expand=False))


def _opening(document: dict[str, Any], screen: Console) -> None:
    policy, store, loading = document["policy"], document["store"], document["loading"]
    levels = ", ".join(f"{count} {level}" for level, count in policy["families"].items())
    screen.print(Rule(Text("a smart-home company behind cfacl", style="bold"), style="dim"))
    _say(
        screen,
        f"Policy `{policy['name']}`: {policy['tables']} tables, {sum(policy['families'].values())} families "
        f"({levels}), {policy['roles']} roles with {policy['grants']} grants, {policy['principals']} principals, "
        f"{policy['never']} lines of what must never be, {policy['expect']} of what must be so.",
    )
    _say(
        screen,
        f"Store: RocksDB, {counted(store['users'], 'made-up user', 'made-up users')}, {store['rows']:,} rows, "
        f"{store['cells']:,} cells, made and written in {store['seconds']:.1f} s. The clock stands at {document['clock'][:16].replace('T', ' ')} UTC.",
    )
    _say(
        screen,
        "Nobody in this policy may write everything. So the records came in under another one, in which "
        f"`{loading['principal']}` may write and do nothing else. Now that it is replaced:",
    )
    _refusal(screen, loading["then"])


def _row(row: dict[str, Any], screen: Console) -> None:
    _title(screen, 1, f"one row of `{row['table']}`, read by six")
    asked = ", ".join(f"{view['principal']} for {view['purpose']}" for view in row["views"])
    _say(screen, f"Each says what for: {asked}.")
    views = {view["principal"]: view for view in row["views"]}
    first = max(len(_indented(name)) for view in row["views"] for name in view["cells"]) + 1
    verdict = max(map(len, (_GRANTED, _WITHHELD, _REFUSED)))
    widths = {principal: max(len(principal), verdict) + 1 for principal in views}
    for shown in _split(widths, screen.width - first):
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), expand=True)
        table.add_column("", min_width=first - 1, no_wrap=True)
        for principal in shown:
            table.add_column(principal, overflow="fold", ratio=1)
        for family, level in row["families"].items():
            verdicts = (_verdict(views[each], family) for each in shown)
            table.add_row(Text(f"{family}, {level}", style="bold"), *verdicts)
            for name in sorted({name for each in shown for name in views[each]["cells"]}):
                if name.startswith(f"{family}:"):
                    cells = (printable(views[each]["cells"].get(name, "")) for each in shown)
                    table.add_row(_indented(name), *cells)
        screen.print(table)
    _say(screen, "Who gets a part is told what is withheld; who gets nothing is refused, whatever the row holds.")


def _indented(name: str) -> str:
    return "  " + name.partition(":")[2]


def _split(widths: Mapping[str, int], room: int) -> Iterator[list[str]]:
    """Yield columns of these widths, in as many tables as it takes to cut none."""
    shown: list[str] = []
    for name, width in widths.items():
        if shown and sum(widths[each] for each in shown) + width > room + 1:  # the last one needs no gap
            yield shown
            shown = []
        shown.append(name)
    yield shown


def _verdict(view: dict[str, Any], family: str) -> Text:
    if view["refused"]:
        return _REFUSED
    return _WITHHELD if family in view["withheld"] else _GRANTED


def _refusals(refusals: list[dict[str, Any]], screen: Console) -> None:
    _title(screen, 2, "three refusals, and why")
    for i, refusal in enumerate(refusals):
        if i:
            screen.print()
        _say(screen, refusal["title"], style="bold")
        _refusal(screen, refusal["message"])
        for line in refusal["text"].splitlines()[1:]:
            _say(screen, line.strip(), indent=2 + len(line) - len(line.lstrip()), style="dim")


def _scan(scan: dict[str, Any], screen: Console) -> None:
    _title(screen, 3, f"a scan of all of `{scan['table']}`")
    table = grid("", "rows", *(f"{family} cells" for family in scan["stored"]))
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for view in scan["views"]:
        cells = [_count(view, family) for family in scan["stored"]]
        who = f"{view['principal']} for {view['purpose']}"
        table.add_row(who, "" if view["refused"] else f"{view['rows']:,}", *cells)
    stored = (Text(f"{count:,}", style="dim") for count in scan["stored"].values())
    table.add_row(Text("in the store", style="dim"), "", *stored)
    screen.print(table)
    _say(screen, "What is withheld is not read and then dropped: the store is asked for the other families only.")


def _count(view: dict[str, Any], family: str) -> Text:
    verdict = _verdict(view, family)
    return Text(f"{view['cells'].get(family, 0):,}") if verdict is _GRANTED else verdict


def _revoke(revoke: dict[str, Any], screen: Console) -> None:
    _title(screen, 4, "a revoke that bites on the very next call")
    _say(
        screen,
        f"`{revoke['principal']}` reads the row above and gets {revoke['cells_before']} cells. Then the role "
        f"`{revoke['role']}` is taken away, which takes {revoke['seconds'] * 1000:.0f} ms; the session stays open. "
        "Its next call:",
    )
    _refusal(screen, revoke["after"])
    _say(screen, f"By `cfacl diff`, {revoke['principal']} has lost: {', '.join(revoke['lost'])}.")


def _cost(cost: dict[str, Any], screen: Console) -> None:
    _title(screen, 5, "what a check costs on this machine")
    table = grid("session.allows(ask)", "nanoseconds", "empty calls")
    for column in table.columns[1:]:
        column.justify = "right"
    measured = cost["nanoseconds"]
    empty = next(iter(measured.values()))
    for name, nanoseconds in measured.items():
        table.add_row(name, f"{nanoseconds:.0f}", f"{nanoseconds / empty:.1f}")
    screen.print(table)


def _waiting(waiting: dict[str, Any], screen: Console) -> None:
    _title(screen, 6, "what the company needs and a policy cannot say yet")
    _say(
        screen,
        f"R and W are granted, R90 for ninety days. The {len(waiting['cells'])} entries with a small letter are not, "
        "not even in part: each letter is something to come.",
    )
    people, words = scenario.people(), scenario.words()
    _matrix(people, screen)
    counts = Counter(word for part in scenario.waiting() for word in part.waiting)
    legend = Table.grid(padding=(0, 2, 0, 0))
    for word, count in counts.most_common():
        legend.add_row(Text(words[word].code, style="yellow"), f"{count:3}", words[word].waits)
    screen.print(legend)
    _say(screen, "Third parties get nothing yet:")
    parties = [part for part in scenario.waiting() if part.who not in people]
    for who, each in groupby(sorted(parties, key=lambda part: part.who), key=lambda part: part.who):
        _say(screen, f"{who}: {', '.join(f'{part.table}:{part.family} {part.code}' for part in each)}", indent=2)
    _say(screen, "Beside the matrix:")
    for rule in waiting["beyond"]:
        _say(screen, f"{rule['what']} ({rule['who']}): waits for {rule['waits']}", indent=2)


def _matrix(people: dict[str, str], screen: Console) -> None:
    """Print the matrix of the backend, families by people."""
    cells: dict[tuple[str, str], Text] = {}
    for part in scenario.parts():
        cell = cells.setdefault((f"{part.table}:{part.family}", part.who), Text())
        cell.append((" " if cell else "") + part.code, style="yellow" if part.waiting else "green")
    families = list(dict.fromkeys(family for family, _ in cells))
    widths = {
        who: max(len(heading), *(len(cells.get((family, who), "")) for family in families)) + 1
        for who, heading in people.items()
    }
    for shown in _split(widths, screen.width - max(map(len, families)) - 1):
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
        for heading in ("", *(people[who] for who in shown)):
            table.add_column(heading, no_wrap=True)
        for family in families:
            table.add_row(family, *(cells.get((family, who), Text()) for who in shown))
        screen.print(table)
