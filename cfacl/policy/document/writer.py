"""From a policy to a document's text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import tomli_w

from cfacl.errors import Fault, PolicyError, quoted
from cfacl.model.action import ACTIONS
from cfacl.model.catalog import DEFAULT_LEVELS, Family, Table
from cfacl.model.grants import Assignment, Expect, Grant, Never, Principal, Restriction, Role, Window
from cfacl.model.settings import CassandraLayout, StoreSettings
from cfacl.policy.document.notation import duration
from cfacl.policy.document.parts import strange_parts
from cfacl.policy.faults import Place, path
from cfacl.policy.policy import Policy

_Section = dict[str, Any]


def write(policy: Policy) -> str:
    """Return a policy as TOML, in one canonical order and without what is default.

    Raises:
        PolicyError: as `as_document`, or a text is not Unicode.
    """
    text = tomli_w.dumps(as_document(policy))
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise PolicyError([Fault("", "holds a lone surrogate, which toml cannot say; take it out")]) from None
    return text


def as_document(policy: Policy) -> _Section:
    """Return the tables, arrays and values of the TOML that `write` prints.

    Raises:
        PolicyError: a part is of no class of a policy's, or stands under another name than its own, or is what no
            document can say.
    """
    faults = strange_parts(policy) or [*_misplaced(policy)]
    if faults:
        raise PolicyError(faults)
    try:
        return _document(policy)
    except PolicyError:
        raise
    except Exception as error:
        kind = type(error).__name__
        raise PolicyError(
            [Fault("", f"holds what no document can say ({kind}); give each part what its class asks for")]
        ) from error


def inline(line: Grant | Restriction | Assignment | Never | Expect) -> str:
    """Return a line of a policy as TOML has it within another."""
    section: object
    match line:
        case Grant() | Restriction():
            section = _rule(line)
        case Assignment():
            section = _assignment(line)
        case Never():
            section = _never(line)
        case _:
            section = _expect(line)
    return _value(section)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_value(each)}' for key, each in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return str(value) if isinstance(value, datetime) else json.dumps(value, ensure_ascii=False)


def _misplaced(policy: Policy) -> Iterator[Fault]:
    catalog = policy.catalog
    return chain(
        _misnamed(("tables",), catalog.tables),
        (
            fault
            for name, table in catalog.tables.items()
            for fault in _misnamed(("tables", name, "families"), table.families)
        ),
        _misnamed(("roles",), policy.roles),
        _misnamed(("principals",), policy.principals),
    )


def _document(policy: Policy) -> _Section:
    catalog = policy.catalog
    document = {
        "policy": {
            "name": policy.name,
            **_unless(list(DEFAULT_LEVELS), levels=list(catalog.levels)),
            **_given(purposes=_sorted(catalog.purposes)),
        },
        "tables": {
            name: {"families": {each: _family(name, table.families[each]) for each in sorted(table.families)}}
            for name, table in sorted(catalog.tables.items())
        },
        "roles": {name: _role(policy.roles[name]) for name in sorted(policy.roles)},
        "principals": {name: _principal(policy.principals[name]) for name in sorted(policy.principals)},
        "never": [_never(each) for each in policy.never],
        "expect": [_expect(each) for each in policy.expect],
        "stores": _stores(policy.stores),
    }
    return {key: section for key, section in document.items() if section}


def _misnamed(place: Place, parts: Mapping[str, Table | Family | Role | Principal]) -> Iterator[Fault]:
    for name, part in parts.items():
        if part.name != name:
            yield Fault(path((*place, name)), f"is called {quoted(part.name)} itself; use one name for both")


def _family(table: str, family: Family) -> _Section:
    return {
        "level": family.level,
        "purposes": _sorted(family.purposes),
        **_present(columns=_columns(("tables", table, "families", family.name, "columns"), family.columns)),
        **_unless(1, versions=family.versions),
        **_present(time_to_live=None if family.time_to_live is None else duration(family.time_to_live)),
    }


def _columns(place: Place, columns: frozenset[bytes] | None) -> list[str] | None:
    try:
        return None if columns is None else sorted(each.decode("utf-8") for each in columns)
    except UnicodeDecodeError:
        fault = Fault(path(place), "holds a column that is not utf-8, which toml cannot say; leave `columns` out")
    raise PolicyError([fault])


def _role(role: Role) -> _Section:
    return {
        "clearance": role.clearance,
        **_given(
            inherits=_sorted(role.inherits),
            grants=[_rule(each) for each in role.grants],
            restrictions=[_rule(each) for each in role.restrictions],
        ),
    }


def _rule(rule: Grant | Restriction) -> _Section:
    return {
        **_present(
            table=rule.table,
            families=_sorted(rule.families),
            at_or_below=rule.at_or_below,
            actions=_actions(rule.actions),
            purposes=_sorted(rule.purposes),
        ),
        **_window(rule.window),
        **_given(why=rule.why),
    }


def _principal(principal: Principal) -> _Section:
    return {"kind": principal.kind, **_given(roles=[_assignment(each) for each in principal.assignments])}


def _assignment(assignment: Assignment) -> str | _Section:
    window = _window(assignment.window)
    return {"role": assignment.role, **window} if window else assignment.role


def _never(line: Never) -> _Section:
    return {
        **_present(
            kinds=_sorted(line.kinds),
            principals=_sorted(line.principals),
            roles=_sorted(line.roles),
            purposes=_sorted(line.purposes),
            levels=_sorted(line.levels),
            tables=_sorted(line.tables),
            families=_sorted(line.families),
            actions=_actions(line.actions),
        ),
        **_given(why=line.why),
    }


def _expect(line: Expect) -> _Section:
    return {
        "principal": line.principal,
        "purpose": line.purpose,
        **_present(at=None if line.at is None else _Utc.of(line.at)),
        **_given(
            allowed=sorted(str(each) for each in line.allowed),
            refused=sorted(str(each) for each in line.refused),
            exact=line.exact,
        ),
    }


def _stores(stores: StoreSettings) -> _Section:
    layouts = {name: _layout(each) for name, each in sorted(stores.cassandra_layouts.items())}
    return _given(
        hbase=_present(require_tls=stores.hbase_require_tls),
        cassandra={
            **_present(require_tls=stores.cassandra_require_tls, consistency=stores.cassandra_consistency),
            **_given(tables=layouts),
        },
    )


def _layout(layout: CassandraLayout) -> _Section:
    default = CassandraLayout()
    return {**_unless(default.layout, layout=layout.layout), **_unless(default.buckets, buckets=layout.buckets)}


class _Utc(datetime):
    """A date-time in UTC that prints as documents have it: ``2027-06-30T00:00:00Z``."""

    @classmethod
    def of(cls, instant: datetime) -> datetime:
        """Return ``instant`` in UTC; as it is, for the reader to refuse, if it is local or leaves the calendar."""
        if instant.tzinfo is None:
            return instant
        try:
            utc = instant.astimezone(UTC)
        except OverflowError:
            return instant
        return cls.combine(utc.date(), utc.time(), UTC)

    def __str__(self) -> str:
        return self.replace(tzinfo=None).isoformat() + "Z"


def _window(window: Window) -> _Section:
    edges = {"from": window.start, "until": window.until}
    return {key: _Utc.of(edge) for key, edge in edges.items() if edge is not None}


def _actions(actions: Iterable[str] | None) -> list[str] | None:
    """Return actions in the order of `ACTIONS`; behind them what is none, for the reader to refuse."""
    return None if actions is None else sorted(actions, key=lambda each: (*ACTIONS, each).index(each))


def _sorted(names: Iterable[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _unless(default: object, **items: object) -> _Section:
    # True equals 1, and is for the reader to refuse
    return {key: value for key, value in items.items() if value != default or type(value) is not type(default)}


def _present(**items: object) -> _Section:
    return {key: value for key, value in items.items() if value is not None}


def _given(**items: object) -> _Section:
    return {key: value for key, value in items.items() if value}
