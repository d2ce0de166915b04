"""What is not cfacl's in a run, and beside which of it something was measured: what a change is told by from the machine's."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Final

from benchmarks.page import rivals
from benchmarks.page.numbers import Results, values
from benchmarks.tail import percentile

#: A part of a name that says that the time is of others.
OTHERS: Final = frozenset(
    {
        *rivals.QUICK,
        *rivals.LONG,
        "accumulo",
        "any",
        "bare",
        "clustered",
        "cp",
        "fsync",
        "hand",
        "in_turn",
        "nothing",
        "plain",
    }
    | {"regopy", "theirs", "time_ns"}
) - {"allows", "name"}
#: What no part of the name says it of: rocksdict's own calls, and reading all by the driver.
UNSAID: Final = frozenset(
    {
        "missing.get",
        "missing.seek",
        "there.get",
        "cassandra.64.get.dropped",
        "cassandra.4096.get.dropped",
        "hbase.get.named",
    }
)
#: Where the same words say what cfacl is given.
GIVEN: Final = frozenset({"hook", "command"})
#: Beside what something is measured, by the part of its name that differs; the first that there is.
BESIDE: Final = {
    "guarded": ("unguarded", "plain", "hand"),
    "opened": ("unguarded",),
    "told": ("unguarded",),
    "unguarded": ("hand",),
    "ours": ("theirs", "cp"),
    "one": ("plain", "hand", "fsync"),
    "sixteen": ("fsync",),
    "dropped": ("plain", "hand"),
    "store": ("hand",),
    "allows": ("empty",),
    "name": ("empty",),
    "dropin": ("native",),
    "page": ("limit",),
    "granted": ("dropped",),
    "named": ("dropped",),
    "empty": ("none",),
    "log": ("none",),
    "decisions": ("none",),
}
#: The same, where only that has a longer name.
BEHIND: Final = ("unguarded", "plain", "hand", "empty", "dropped")
#: The same, of all that a script measures in turns.
OF_ALL: Final = {
    "check": "check.empty",
    "compiled": "compiled.empty",
    "missing": "missing.get.plain",
    "there": "missing.get.plain",
}
DISK: Final = frozenset({"durable", "backup"})
SERVERS: Final = ("hbase", "cassandra")


def theirs(name: str) -> bool:
    """Whether a time is of others."""
    parts = name.split(".")
    return name in UNSAID or (parts[0] not in GIVEN and not OTHERS.isdisjoint(parts))


def place(name: str) -> str:
    """Return for what a time waits beside the processor: one of `SERVERS`, the `disk`, or nothing."""
    parts = name.split(".")
    return "disk" if parts[0] in DISK else next((each for each in SERVERS if each in parts), "")


def drift(base: Results, new: Results) -> dict[str, float]:
    """Return how much slower each place was the second time: the median of what the times of others became.

    Percentiles are left out, in which a neighbour who came for a while is many times as much.
    """
    found: dict[str, list[float]] = {}
    for name in base.keys() & new.keys():
        if theirs(name) and not percentile(name) and base[name].get_unit() == "second":
            before, after = (statistics.median(values(run, name)) for run in (base, new))
            found.setdefault(place(name), []).append(after / before)
    return {where: statistics.median(each) for where, each in sorted(found.items())}


def yardstick(name: str, *runs: Results) -> str | None:
    """Return beside what a time was taken, round by round in each of the runs."""
    return next((each for each in _candidates(name) if all(_paired(run, name, each) for run in runs)), None)


def _candidates(name: str) -> Iterator[str]:
    head, *_ = parts = name.split(".")
    for i, part in enumerate(parts):
        for other in BESIDE.get(part, ()):
            yield ".".join((*parts[:i], other, *parts[i + 1 :]))
    if head not in GIVEN:
        yield from (f"{name}.{each}" for each in BEHIND)
    if head in OF_ALL:
        yield OF_ALL[head]


def _paired(run: Results, one: str, other: str) -> bool:
    """Whether a run has both, and as many rounds of them in each process."""
    if other not in run:
        return False
    rounds, others = ([len(each.values) for each in run[name].get_runs()] for name in (one, other))
    return rounds == others
