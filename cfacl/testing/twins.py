"""Whether an answer changes with what is hidden: it is asked for again beside stores that differ in that alone.

What it finds is there.  What it does not find may be there all the same: see `assert_tells_nothing_of`.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from cfacl.api.database import Database
from cfacl.errors import quoted
from cfacl.stores.memory import Kept, MemoryStore
from cfacl.testing.memory import memory_of
from cfacl.testing.variants import VARIANTS, Beside, Change

__all__ = ["assert_tells_nothing_of"]

#: A family by table, name and identity, as the store in memory has them.
Key = tuple[str, str, int]

_SAME: Final = (
    "the answer is the same whatever else the store holds, which shows nothing: ask as somebody who is let in, for what is"
    " there, and keep no answers; where it has to be the same, return one beside it that is not"
)


def assert_tells_nothing_of(*families: str, db: Database, table: str, ask: Callable[[], object]) -> None:
    """Assert that an answer stays the same while families come to hold other things, and changes when all else does.

    ::

        assert_tells_nothing_of("id", db=cfacl_db, table="account", ask=lambda: service.countries())

    It is for what `assert_only_sees` can say nothing of: a read that names columns, a filter, a prefix, one cell or its
    versions, a counter, and whatever a service makes of them.  ``ask`` is called again for each family, and then for all
    of them, where these hold other values (of the same length, longer, shorter, one everywhere, those of other rows),
    nothing, more rows, columns and versions, and later and earlier timestamps.  Then *all other* families of the store
    are changed in the same ways, and at least one of these must give another answer: what is kept, refused, or asked of
    a row that is not there would else pass whatever it tells.  Afterwards the store is as it was, less what ``ask`` wrote.

    **It tries these changes of what the test wrote, and no others: that it passes is no proof.**  It does not find

    * what shows at a value that no cell has, as ``endswith(b"@shop.example")`` where nobody's does, from a number of rows
      on that the test does not come near, or in a column that is neither declared nor stored: write such cells too;
    * a part of an answer that is kept from the first time, while another part is not;
    * what ``==`` does not look at, and what is in no answer: how long it takes, a log, another request.

    Args:
        families: what the answer must not depend on.
        db: what `cfacl_db` or `memory_database` gave.
        table: whose families they are.
        ask: returns what can be copied and compared, and is not empty; a scan is read to its end.  What it raises the first
            time is raised.  Where the answer has to be the same whatever the store holds, as that to a wrong password, it
            returns a pair: that answer, and one of the same service that depends on the rest.

    Raises:
        AssertionError: the answer is another one, or there is none any more; or nothing was shown: there is nothing in a
            family, or nothing that has not outlived it, or in the answer, or the answer stays the same whatever changes.
        TypeError: another database, or an answer that can't be copied or compared.
        UnknownTable, UnknownFamily, RequestError: no such table or family, or no family.
    """
    __tracebackhide__ = True
    db.prepare("read", table, *families)  # which looks at the names
    store = memory_of(db)
    with store.entered() as families_kept:
        kept = copy.deepcopy(families_kept)
    try:
        db.sweep()  # what is over is in no answer, and changed it would be in none
        twins = _Twins(db, store)
        named = {quoted(name): [key for key in twins.kept if key[:2] == (table, name)] for name in families}
        for name, held in named.items():
            if not any(twins.kept[key].rows for key in held):
                raise AssertionError(f"nothing is in {name} now, which so shows nothing; write cells into it first")
        _compare(twins, ask, named)
    finally:
        _put(store, kept)


class _Twins:
    """Stores that differ from one in some families: each in turn stands in its place."""

    def __init__(self, db: Database, store: MemoryStore) -> None:
        self._store = store
        self._catalog = db.policy.catalog
        with store.entered() as kept:
            self.kept: dict[Key, Kept] = copy.deepcopy(kept)
        rows = [row for family in self.kept.values() for row in family.rows.values()]
        stamps = [timestamp for row in rows for cell in row.values() for _, timestamp in cell]
        self._apart = max(stamps, default=0) - min(stamps, default=0) + 1

    def stand_in(self, families: Iterable[Key] = (), change: Change = lambda *_: None) -> None:
        """Put the store as it was, with some of its families changed."""
        made = copy.deepcopy(self.kept)
        for each in families:
            change(made[each], self._beside(each))
        _put(self._store, made)

    def _beside(self, key: Key) -> Beside:
        table = self._catalog.tables.get(key[0])
        declared = table and table.families.get(key[1])
        keys = {each for other, family in self.kept.items() if other[0] == key[0] for each in family.rows}
        return Beside(sorted(keys), (declared and declared.columns) or frozenset(), self._apart)


def _put(store: MemoryStore, families: dict[Key, Kept]) -> None:
    with store.entered() as kept:
        kept.clear()
        kept.update(families)


def _compare(twins: _Twins, ask: Callable[[], object], named: dict[str, list[Key]]) -> None:
    __tracebackhide__ = True
    answer = _answer(ask)
    if answer is None or (hasattr(answer, "__len__") and len(answer) == 0):
        raise AssertionError("the answer is empty, which shows nothing; ask for what is there")
    twins.stand_in()
    if _answer(ask) != answer:
        raise TypeError("`ask` answers otherwise each time, where nothing is another; leave out what is new each time")
    every = [key for held in named.values() for key in held]
    for what, held in (named | ({"all of them": every} if len(named) > 1 else {})).items():
        for how, change in VARIANTS.items():
            twins.stand_in(held, change)
            where = f"where {what} {'hold' if len(held) > 1 else 'holds'} {how}"
            try:
                other = _answer(ask)
            except Exception as error:
                raise AssertionError(f"{where}, there is no answer but {type(error).__name__}") from error
            if other != answer:
                raise AssertionError(f"{where}, the answer is another")
    if not any(_changes(twins, ask, answer, [key for key in twins.kept if key not in every])):
        raise AssertionError(_SAME)


def _changes(twins: _Twins, ask: Callable[[], object], answer: object, rest: list[Key]) -> Iterator[bool]:
    """Yield whether there is another answer, or none, where all else is changed."""
    for change in VARIANTS.values():
        twins.stand_in(rest, change)
        try:
            yield _answer(ask) != answer
        except Exception:  # noqa: BLE001  # that it stumbles depends on what is there
            yield True


def _answer(ask: Callable[[], object]) -> Any:
    """Return a copy, which stays when the next answer is put where this one was."""
    answer = ask()
    if inspect.iscoroutine(answer):
        answer.close()
    if inspect.isawaitable(answer):
        raise TypeError("`ask` returns what nobody awaits; run it, as by `asyncio.run`")
    found = list(answer) if isinstance(answer, Iterator) else answer
    try:
        return copy.deepcopy(found)
    except Exception as error:
        raise TypeError(f"`ask` returns what cannot be copied and compared, {type(found).__name__}") from error
