"""What the shell's commands do: each asks one session, as a service would, and shows what that answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

from cfacl import Database, RequestError, Session, Table
from cfacl.cli.explained import as_document
from cfacl.cli.screen import Answer, Format, busy
from cfacl.cli.shell.show import Shown, show
from cfacl.cli.shell.verbs import VERBS
from cfacl.cli.shell.words import Word, escaped, words
from cfacl.errors import quoted
from cfacl.model.action import ACTIONS, Action
from cfacl.model.names import nearest

__all__ = ["Ended", "Shell"]

#: How many rows a scan shows, where nothing is said.
_ROWS: Final = 20
#: How long a limit may be.
_DIGITS: Final = 9


class Ended(Exception):
    """Whoever sits there wants to leave."""


class Shell:
    """A principal in front of a database; of the data it has nothing but a session.

    Args:
        changing: whether data may be changed, where the policy says so too.
    """

    def __init__(self, db: Database, principal: str, purpose: str, form: Format, *, changing: bool) -> None:
        self._db = db
        self._form = form
        self._changing = changing
        self.session: Session = db.session(principal, purpose=purpose)

    @property
    def catalog(self) -> Any:
        """The tables, families and purposes that every session knows."""
        return self._db.policy.catalog

    def run(self, line: str) -> Answer:
        """Do what a line says, and show what comes of it; nothing for an empty one, or one that begins with `#`.

        Raises:
            Ended: it says so.
            CfaclError: it was refused, makes no sense, or the store failed.
        """
        if line.lstrip().startswith("#") or not (said := words(line)):
            return Answer.YES
        name = said.pop(0).text
        verb = VERBS.get(name)
        if verb is None:
            raise RequestError(f"there is no command {quoted(name)}{nearest(name, VERBS) or '; `help` lists them'}")
        if len(said) < verb.least or (verb.most is not None and len(said) > verb.most):
            raise RequestError(f"it is written {quoted(f'{name} {verb.takes}'.strip())}")
        if verb.changes and not self._changing:
            raise RequestError(f"`{name}` changes data, and this shell only reads; start it with `--write`")
        answer = getattr(self, f"_{name}")(*said)
        return answer if isinstance(answer, Answer) else Answer.YES

    def _tables(self) -> None:
        rows: list[dict[str, Any]] = [
            {"table": table} | {action: sorted(self.session.families(action, table)) for action in ACTIONS}
            for table in sorted(self.catalog.tables)
        ]
        self._show(Shown(("table", *ACTIONS), rows, "no tables"))

    def _families(self, table: Word) -> None:
        known = self._table(table).name
        rows = [
            {
                "family": each.name,
                "level": each.level,
                "granted": [action for action in ACTIONS if each.name in self.session.families(action, known)],
                "columns": [] if each.columns is None else [escaped(column) for column in sorted(each.columns)],
            }
            for _, each in sorted(self.catalog.tables[known].families.items())
        ]
        self._show(Shown(("family", "level", "granted", "columns"), rows, "no families"))

    def _row(self, table: Word, key: Word, *columns: Word) -> None:
        with busy("reading"):
            found = self._table(table).row(key.value, columns=[each.value for each in columns] or None)
        self._show_rows([(key.value, found)] if found else [], found.withheld)

    def _rows(self, table: Word, *keys: Word) -> None:
        found = self._table(table)
        with busy("reading"):
            rows = found.rows([each.value for each in keys])
        self._show_rows(rows, self._withheld(found, rows))

    def _scan(self, table: Word, prefix: Word | None = None, limit: Word | None = None) -> None:
        most = _ROWS if limit is None else _number(limit)
        found = self._table(table)
        with busy("reading"):
            rows = list(found.scan(row_prefix=prefix.value if prefix and prefix.value else None, limit=most + 1))
        self._show_rows(rows[:most], self._withheld(found, rows), more=len(rows) > most)

    def _put(self, table: Word, key: Word, *cells: Word) -> None:
        data = {}
        for each in cells:
            if each.equals is None:
                raise RequestError("a value has no `=` before it; write `FAMILY:COLUMN=VALUE`")
            data[each.value[: each.equals]] = each.value[each.equals + 1 :]
        if len(data) < len(cells):
            raise RequestError("a column is named twice; name each once")
        with busy("writing"):
            self._table(table).put(key.value, data)
        self._done("written")

    def _delete(self, table: Word, key: Word, *columns: Word) -> None:
        with busy("deleting"):
            self._table(table).delete(key.value, [each.value for each in columns] or None)
        self._done("deleted")

    def _explain(self, action: Word, *families: Word) -> Answer:
        named = [each.text.partition(":") for each in families]
        if not all(colon for _, colon, _ in named) or len({table for table, _, _ in named}) > 1:
            raise RequestError("write families of one table as `TABLE:FAMILY`")
        asked = cast("Action", action.text)
        explanation = self.session.explain(asked, named[0][0], *(family for _, _, family in named))
        self._show(Shown.of_lines("explanation", str(explanation).split("\n"), as_document(explanation)))
        return Answer.YES if explanation.allowed else Answer.NO

    def _use(self, purpose: Word) -> None:
        other = self._db.session(self.session.principal, purpose=purpose.text)
        self.session.close()
        self.session = other

    def _help(self, command: Word | None = None) -> None:
        if command is not None and command.text not in VERBS:
            raise RequestError(
                f"there is no command {quoted(command.text)}{nearest(command.text, VERBS) or '; `help` lists them'}"
            )
        rows = [
            {"command": f"{name} {verb.takes}".strip(), "what it does": verb.does}
            for name, verb in VERBS.items()
            if command is None or name == command.text
        ]
        self._show(Shown(("command", "what it does"), rows, ""))

    def _exit(self) -> None:
        raise Ended

    def _table(self, name: Word) -> Table:
        return self.session.table(name.text)

    def _withheld(self, table: Table, rows: Sequence[tuple[bytes, Any]]) -> frozenset[str]:
        """Return what was left out: by what the rows say, or where there are none by what is granted."""
        if rows:
            return cast("frozenset[str]", rows[0][1].withheld)
        return frozenset(self.catalog.tables[table.name].families) - self.session.families("read", table.name)

    def _show_rows(self, rows: Iterable[tuple[bytes, Any]], withheld: frozenset[str], *, more: bool = False) -> None:
        self._show(Shown.of_rows(rows, withheld, more=more))

    def _done(self, what: str) -> None:
        self._show(Shown.of_lines("done", [what], {"done": what}))

    def _show(self, shown: Shown) -> None:
        show(shown, self._form)


def _number(word: Word) -> int:
    text = word.value
    if not (text.isdigit() and len(text) <= _DIGITS and int(text)):
        # Without what was given, which may be a key in the wrong place.
        raise RequestError(f"the third word of `scan` is a limit, a whole number above 0, of {_DIGITS} digits at most")
    return int(text)
