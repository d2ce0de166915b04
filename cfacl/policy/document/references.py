"""Judges what the parts of a document say of each other: names, windows, inheritance.

It walks the tables that TOML gave, not the validated models, so that these faults are told
together with those of shape.  A part of the wrong shape is passed over here: `cfacl.policy.document.shape`
tells it.  A section that should declare names and cannot be read declares ``None``: then nothing
that refers to it is called unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from cfacl.errors import quoted
from cfacl.model.action import ACTIONS
from cfacl.model.catalog import DEFAULT_LEVELS
from cfacl.policy.document.notation import split_access, unknown_action
from cfacl.policy.faults import Hints, Place, Problem
from cfacl.policy.purposes import WILDCARD, meant

#: How many roles of a circle a message names.
_CIRCLE: Final = 8

_Known = Collection[str] | None


@frozen
class _Declared:
    """The names that a document declares."""

    levels: _Known
    purposes: _Known
    tables: Mapping[str, _Known] | None
    roles: _Known
    principals: _Known
    families: _Known

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> _Declared:
        policy = document.get("policy")
        head = policy if isinstance(policy, dict) else {"levels": None, "purposes": None}
        tables = document.get("tables", {})
        by_table: dict[str, _Known] | None = None
        families: _Known = None
        if isinstance(tables, dict):
            by_table = {name: _mapping(_section(each).get("families")) for name, each in tables.items()}
            if None not in by_table.values():
                families = {name for each in by_table.values() for name in each or ()}
        return cls(
            levels=_strings(head.get("levels", DEFAULT_LEVELS)) or None,  # an empty ladder is a fault of its own
            purposes=_strings(head.get("purposes", ())),
            tables=by_table,
            roles=_mapping(document.get("roles", {})),
            principals=_mapping(document.get("principals", {})),
            families=families,
        )


def repeated(document: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Yield where a list names a thing again, which is legal and means nothing, and what it names.

    The policy's own lists are judged by `problems`, and what principals hold twice by `cfacl.policy.lint`.
    """
    for section in ("tables", "roles", "never", "expect"):
        if section in document:
            yield from _repeated((section,), document[section])


def _repeated(place: Place, node: object) -> Iterator[tuple[Place, str]]:
    if isinstance(node, dict):
        for key, each in node.items():
            yield from _repeated((*place, key), each)
    elif isinstance(node, list):
        seen: set[str] = set()
        for number, each in enumerate(node):
            if not isinstance(each, str):
                yield from _repeated((*place, number), each)
            elif each in seen:
                yield (*place, number), each
            else:
                seen.add(each)


def problems(document: Mapping[str, Any], hints: Hints) -> list[Problem]:
    """Return everything in ``document`` that contradicts, or speaks of what is not declared."""
    return list(_Judge(document, hints).all())


class _Judge:
    def __init__(self, document: Mapping[str, Any], hints: Hints) -> None:
        self._document = document
        self._hints = hints
        self._declared = _Declared.of(document)

    def all(self) -> Iterator[Problem]:
        yield from self._policy()
        for name, table in _tables(self._document, "tables"):
            for family, settings in _tables(table, "families"):
                yield from self._family(("tables", name, "families", family), settings)
        for name, role in _tables(self._document, "roles"):
            yield from self._role(("roles", name), role)
        yield from self._circles()
        for name, principal in _tables(self._document, "principals"):
            yield from self._assignments(("principals", name, "roles"), principal)
        for number, line in _lines(self._document, "never"):
            yield from self._never(("never", number), line)
        for number, line in _lines(self._document, "expect"):
            yield from self._expect(("expect", number), line)
        yield from self._stores(_section(self._document.get("stores")))

    def _policy(self) -> Iterator[Problem]:
        policy = _section(self._document.get("policy"))
        for key in ("levels", "purposes"):
            seen: set[str] = set()
            for number, name in _names(policy, key):
                if name in seen:
                    yield Problem(("policy", key, number), f"{quoted(name)} stands here twice; take one out")
                seen.add(name)

    def _family(self, place: Place, family: Mapping[str, Any]) -> Iterator[Problem]:
        yield from self._one(place, family, "level", "level", self._declared.levels)
        yield from self._purposes(place, family)

    def _role(self, place: Place, role: Mapping[str, Any]) -> Iterator[Problem]:
        yield from self._one(place, role, "clearance", "level", self._declared.levels)
        yield from self._many(place, role, "inherits", "role", self._declared.roles)
        for number, grant in _lines(role, "grants"):
            yield from self._rule((*place, "grants", number), grant, gives=True)
        for number, restriction in _lines(role, "restrictions"):
            yield from self._rule((*place, "restrictions", number), restriction, gives=False)

    def _rule(self, place: Place, rule: Mapping[str, Any], *, gives: bool) -> Iterator[Problem]:
        """Judge a grant or a restriction."""
        if "families" in rule and "at_or_below" in rule:
            yield Problem((*place, "at_or_below"), "stands beside `families`; keep one of the two")
        elif gives and "families" not in rule and "at_or_below" not in rule:
            yield Problem(place, "names no families; add `families` or `at_or_below`")
        if "at_or_below" in rule and "table" not in rule and not gives:
            yield Problem((*place, "at_or_below"), "needs its `table`; add one")
        yield from self._one(place, rule, "table", "table", self._declared.tables)
        yield from self._one(place, rule, "at_or_below", "level", self._declared.levels)
        yield from self._families(place, rule, [rule["table"]] if isinstance(rule.get("table"), str) else None)
        yield from self._purposes(place, rule, wildcards=not gives)
        yield from self._window(place, rule)

    def _families(self, place: Place, rule: Mapping[str, Any], tables: list[str] | None) -> Iterator[Problem]:
        """Judge family names; of any of ``tables``, or of any table at all."""
        declared = self._declared
        if tables is None:
            yield from self._many(place, rule, "families", "family", declared.families)
        elif declared.tables is not None and all(each in declared.tables for each in tables):
            found = [declared.tables[each] for each in tables]
            known: _Known = None
            if len(found) == 1:
                known = found[0]
            elif None not in found:
                known = {name for each in found for name in each or ()}
            where = f" of table {quoted(tables[0])}" if len(tables) == 1 else " of these tables"
            yield from self._many(place, rule, "families", "family", known, where)
        else:  # one of the tables is not known; it could have any family that some table has, and no other
            yield from self._many(place, rule, "families", "family", declared.families)

    def _purposes(self, place: Place, section: Mapping[str, Any], *, wildcards: bool = False) -> Iterator[Problem]:
        known = self._declared.purposes
        for number, name in _names(section, "purposes"):
            if known is None or name in known:
                continue
            here = (*place, "purposes", number)
            if not name.endswith(WILDCARD):
                yield self._unknown(here, name, "purpose", known)
            elif not wildcards:
                yield Problem(here, "is a wildcard, which only restrictions and `never` take; name each purpose")
            elif not meant([name], known):
                yield Problem(here, f"no declared purpose lies below {quoted(name[:-2])}; declare one")

    def _window(self, place: Place, section: Mapping[str, Any]) -> Iterator[Problem]:
        start, until = section.get("from"), section.get("until")
        if (
            isinstance(start, datetime)
            and isinstance(until, datetime)
            and start.tzinfo
            and until.tzinfo
            and start >= until
        ):
            yield Problem((*place, "until"), "is not after `from`; a window needs its end after its start")

    def _assignments(self, place: Place, principal: Mapping[str, Any]) -> Iterator[Problem]:
        known = self._declared.roles
        for number, held in _array(principal, "roles"):
            if isinstance(held, dict):
                yield from self._one((*place, number), held, "role", "role", known)
                yield from self._window((*place, number), held)
            elif known is not None and isinstance(held, str) and held not in known:
                yield self._unknown((*place, number), held, "role", known)

    def _circles(self) -> Iterator[Problem]:
        """Tell one problem for each line that closes a circle of inheritance; without those there is none."""
        parents = {name: [*_names(role, "inherits")] for name, role in _tables(self._document, "roles")}
        done: set[str] = set()
        for start, first in parents.items():
            if start in done:
                continue
            trail = {start: iter(first)}
            while trail:
                role, left = next(reversed(trail.items()))
                for number, parent in left:
                    if parent in trail:
                        yield Problem(("roles", role, "inherits", number), _circle(parent, list(trail)))
                    elif parent in parents and parent not in done:
                        trail[parent] = iter(parents[parent])
                        break
                else:
                    done.add(role)
                    trail.popitem()  # unlike `del`, leaves no gap for `reversed` to walk over

    def _never(self, place: Place, line: Mapping[str, Any]) -> Iterator[Problem]:
        if not line.keys() - {"why"}:
            yield Problem(place, "names nothing; add a key such as `kinds` or `levels`")
        declared = self._declared
        yield from self._many(place, line, "principals", "principal", declared.principals)
        yield from self._many(place, line, "roles", "role", declared.roles)
        yield from self._many(place, line, "levels", "level", declared.levels)
        yield from self._many(place, line, "tables", "table", declared.tables)
        yield from self._families(place, line, [name for _, name in _names(line, "tables")] or None)
        yield from self._purposes(place, line, wildcards=True)

    def _expect(self, place: Place, line: Mapping[str, Any]) -> Iterator[Problem]:
        declared = self._declared
        yield from self._one(place, line, "principal", "principal", declared.principals)
        yield from self._one(place, line, "purpose", "purpose", declared.purposes)
        allowed = {name for _, name in _names(line, "allowed")}
        for key in ("allowed", "refused"):
            for number, text in _names(line, key):
                yield from self._access((*place, key, number), text)
                if key == "refused" and text in allowed:
                    yield Problem((*place, key, number), f"{quoted(text)} is also among `allowed`; take one out")

    def _access(self, place: Place, text: str) -> Iterator[Problem]:
        parts = split_access(text)
        if parts is None:
            return
        action, table, family = parts
        if action not in ACTIONS:
            yield Problem(place, unknown_action(action))
        tables = self._declared.tables
        if tables is not None and table not in tables:
            yield self._unknown(place, table, "table", tables)
        elif tables is not None and (families := tables[table]) is not None and family not in families:
            yield self._unknown(place, family, "family", families, f" of table {quoted(table)}")

    def _stores(self, stores: Mapping[str, Any]) -> Iterator[Problem]:
        for kind in ("hbase", "cassandra"):
            section = _section(stores.get(kind))
            yield from self._one(("stores", kind), section, "require_tls", "level", self._declared.levels)
        tables = self._declared.tables
        for name, settings in _tables(_section(stores.get("cassandra")), "tables"):
            place = ("stores", "cassandra", "tables", name)
            if tables is not None and name not in tables:
                yield self._unknown(place, name, "table", tables)
            if settings.get("layout") == "row" and "buckets" in settings:
                yield Problem((*place, "buckets"), "is for the layout `ordered` only; take it out")

    def _one(self, place: Place, section: Mapping[str, Any], key: str, noun: str, known: _Known) -> Iterator[Problem]:
        name = section.get(key)
        if known is not None and isinstance(name, str) and name not in known:
            yield self._unknown((*place, key), name, noun, known)

    def _many(
        self, place: Place, section: Mapping[str, Any], key: str, noun: str, known: _Known, where: str = ""
    ) -> Iterator[Problem]:
        if known is not None:
            for number, name in _names(section, key):
                if name not in known:
                    yield self._unknown((*place, key, number), name, noun, known, where)

    def _unknown(self, place: Place, name: str, noun: str, known: Collection[str], where: str = "") -> Problem:
        advice = self._hints(name, known) or "; declare it, or correct the name"
        return Problem(place, f"no {noun} {quoted(name)}{where} is declared{advice}")


def _circle(first: str, trail: list[str]) -> str:
    roles = [*trail[trail.index(first) :], first]
    if len(roles) > _CIRCLE + 1:
        roles[_CIRCLE // 2 : -_CIRCLE // 2] = ["..."]
    drawn = " > ".join(each if each == "..." else quoted(each) for each in roles)
    return f"roles inherit in a circle: {drawn}; take one of them out of `inherits`"


def _section(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mapping(value: object) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else None


def _strings(value: object) -> frozenset[str] | None:
    if not isinstance(value, list | tuple):
        return None
    return frozenset(each for each in value if isinstance(each, str))


def _tables(section: Mapping[str, Any], key: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    return ((name, each) for name, each in _section(section.get(key)).items() if isinstance(each, dict))


def _array(section: Mapping[str, Any], key: str) -> Iterable[tuple[int, Any]]:
    value = section.get(key)
    return enumerate(value) if isinstance(value, list) else ()


def _lines(section: Mapping[str, Any], key: str) -> Iterable[tuple[int, Mapping[str, Any]]]:
    return ((number, each) for number, each in _array(section, key) if isinstance(each, dict))


def _names(section: Mapping[str, Any], key: str) -> Iterable[tuple[int, str]]:
    return ((number, each) for number, each in _array(section, key) if isinstance(each, str))
