"""Times what must not grow: a check, whichever way a policy is made larger; `population` has the ways that take minutes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from random import Random
from threading import Barrier, Thread
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types
from attrs import evolve

import cfacl
from benchmarks import engines, policies
from benchmarks.byhand import Empty
from benchmarks.crowd import check, published
from benchmarks.dimensions import ASKED, ASKS, BEYOND, FAMILIES, ROLES, TABLES, THREADS
from benchmarks.rounds import Effort, Timer, each, interleaved, main, statement
from benchmarks.workloads import (
    PRINCIPAL,
    PURPOSE,
    family_names,
    holding,
    many_tables,
    one_table,
)

#: So many questions in turn.
QUESTIONS: Final = 10_000
#: What is asked by ever others, cfacl and what a service could write itself.
ASKERS: Final = {"allows": engines.ours, "method": engines.wrapped, "empty": engines.empty}
#: A thread works for so many samples at a time, or it would be done before the interpreter lets the next one in.
TOGETHER: Final = 20


def by_tables(effort: Effort) -> dict[str, Timer]:
    """Return the check of one family of the last table, and the row of one cell of it from memory."""
    timers = {}
    for number in TABLES:
        size = max(effort.size(number), TABLES[0])
        name = f"table-{size - 1:05}"
        db = cfacl.connect("memory://", policy=many_tables(size))
        db.create_tables()
        session = db.session(PRINCIPAL, purpose=PURPOSE)
        ask = db.prepare("read", name, "f00")
        last = session.table(name)
        last.put(b"u", {b"f00:c": b"v"})
        assert session.allows(ask)
        assert last.row(b"u") == {b"f00:c": b"v"}
        timers[f"growth.tables.{number}"] = statement("session.allows(ask)", session=session, ask=ask)
        timers[f"growth.tables.row.{number}"] = statement("last.row(b'u')", last=last)
    return timers


def by_families(_: Effort) -> dict[str, Timer]:
    """Return the check of one family, and of all of them at once, beside frozensets as large."""
    timers = {}
    for number in FAMILIES:
        guard, names = published(one_table(number, number)), family_names(number)
        held, wanted = frozenset(names), frozenset(list(names))
        assert wanted <= held
        timers[f"growth.families.{number}"] = check(guard, "account", names[-1])
        timers[f"growth.families.all.{number}"] = check(guard, "account", *names)
        timers[f"growth.families.frozenset.{number}"] = statement("wanted <= held", wanted=wanted, held=held)
    return timers


def by_roles(_: Effort) -> dict[str, Timer]:
    """Return the check of the family that the last of somebody's roles grants."""
    return {
        f"growth.roles.{number}": check(published(holding(number)), "account", family_names(number)[-1])
        for number in ROLES
    }


def by_askers(effort: Effort) -> dict[str, Timer]:
    """Return the check of what is granted to whoever asks, who is somebody else each time."""
    timers = {}
    for number in ASKED:
        rights = policies.made(max(effort.size(number), ASKED[0]))
        questions = rights.questions(effort.size(QUESTIONS), allowed=True, zipf=False)
        for name, make in ASKERS.items():
            engine = make(rights)
            assert name == "empty" or all(engine.answers(questions))
            timers[f"growth.asked.{name}.{number}"] = engine.timer(questions)
    return timers


def by_asks(effort: Effort) -> dict[str, Timer]:
    """Return the check of ever other requests by one session, beside a method that does nothing with them."""
    session, asks = requests(effort)
    nothing = Empty()
    timers = {}
    for number in ASKS:
        some = Random(number).sample(asks, min(number, len(asks)))
        assert all(map(session.allows, some))
        timers[f"growth.asks.allows.{number}"] = each(session.allows, some)
        timers[f"growth.asks.empty.{number}"] = each(nothing.allows, some)
    session, asks = requests(effort)  # of another database, for what is kept is emptied over and over
    some = Random(BEYOND).sample(asks, min(BEYOND, len(asks)))
    return {**timers, "growth.asks.beyond": each(session.allows, some)}


def requests(effort: Effort) -> tuple[cfacl.Session, list[cfacl.Ask]]:
    """Return a session, and all it may ask of one family or two of a table."""
    tables = max(effort.size(TABLES[-1]), TABLES[0])
    db = cfacl.connect("memory://", policy=many_tables(tables))
    names = family_names(4)
    asks = [
        db.prepare(action, f"table-{number:05}", *families)
        for families in (*combinations(names, 1), *combinations(names, 2))
        for action in ("read", "write", "delete")
        for number in range(tables)
    ]
    return db.session(PRINCIPAL, purpose=PURPOSE), asks


def by_threads(_: Effort) -> dict[str, Timer]:
    """Return the check by threads that share one session."""
    run = check(published(one_table(8, 8)), "account", "f00")
    return {f"growth.threads.{number}": shared(run, number) for number in THREADS}


def shared(run: Timer, threads: int) -> Timer:
    """Return the timer of what so many threads do at once: the CPU time of all of them."""

    def timer(loops: int) -> float:
        share = loops // threads + 1
        seconds: list[float] = []
        together = Barrier(threads)

        def work() -> None:
            together.wait()
            seconds.append(run(share))

        started = [Thread(target=work) for _ in range(threads)]
        for one in started:
            one.start()
        for one in started:
            one.join()
        return sum(seconds) * loops / (share * threads)

    return timer


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    for dimension in (by_tables, by_families, by_roles, by_askers, by_asks):
        yield from interleaved(dimension(effort), effort)
    longer = evolve(effort, sample=effort.sample * TOGETHER, rounds=max(effort.rounds // 3, 3))
    yield from interleaved(by_threads(effort), longer)


if __name__ == "__main__":
    main(measure)
