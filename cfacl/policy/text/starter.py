"""A policy to begin with: small, sound, and commented, so that its author learns the words from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from cfacl.model.catalog import DEFAULT_LEVELS
from cfacl.policy.text.layout import laid_out

#: What the policy's first line calls the JSON Schema, which stands beside it.
SCHEMA: Final = "cfacl.schema.json"
_HEAD: Final = """\
#:schema ./{schema}
# Who may do what to which data, for which purpose. `cfacl check` reads this file and runs its tests; nothing that is
# not granted here is allowed.

[policy]
name = {name}
# How sensitive data can be, lowest first. A policy may name levels of its own.
levels = {levels}
# Why data is used. A session states exactly one, and `marketing.first_party` is below `marketing`.
purposes = {purposes}

# ---- what is stored: tables, and in each the column families, with a level and the purposes that they may be used for.
# More can be said of a family: `columns = ["name"]`, the only ones; `versions = 3`; `time_to_live = "400d"`.
"""
_FAMILY: Final = """
[tables.{table}.families.{family}]
level = {level}
purposes = {purposes}  # take out those that it is not needed for
"""
_ROLES: Final = """
# ---- roles: each has a clearance, the highest level that it may ever reach, and grants. A grant gives actions (`read`,
# `write`, `delete`, `admin`; none implies another) on families of one table for purposes, and says why. It may begin and
# end: `from = 2027-01-01T00:00:00Z`, `until = ...`. Instead of families, `at_or_below = "internal"` means all of the
# table up to that level, future ones too. A role can inherit others, and take away: `[[roles.NAME.restrictions]]`.

[roles.app]
clearance = {highest}
"""
_APP: Final = """
[[roles.app.grants]]
table = {table}
families = {families}
actions = ["read", "write"]
purposes = {purposes}
why = "the service keeps its records"
"""
_STAFF: Final = """
[roles.staff]
clearance = {lowest}
"""
_GRANT: Final = """
[[roles.staff.grants]]
table = {table}
families = {families}
actions = ["read"]
purposes = {purposes}
why = "{why}"
"""
_REST: Final = """
# ---- principals: who holds which roles; `employee`, `service` or `third_party`. A role can be held for a while:
# `roles = [{{ role = "staff", until = 2027-12-31T00:00:00Z }}]`.

[principals.app]
kind = "service"
roles = ["app"]

[principals.maya]  # an example: name your own people
kind = "employee"
roles = ["staff"]

# ---- never: what must stay impossible, whatever else is granted. A policy that breaks such a line does not load.

[[never]]
kinds = ["employee"]
actions = ["delete", "admin"]
why = "nobody destroys data by hand"

# ---- expect: tests of this policy, run whenever it is read. What should work, and what should not.

[[expect]]
principal = "app"
purpose = {first}
allowed = {written}

[[expect]]
principal = "maya"
purpose = {last}
allowed = {read}
refused = {refused}
"""


class Named(NamedTuple):
    """A family of a policy to begin with, and its level, one of the default ladder's."""

    table: str
    family: str
    level: str


def starter(name: str, families: Sequence[Named], purposes: Sequence[str]) -> str:
    """Return a policy as text, in the one layout, that loads and of which `lint` finds nothing.

    A service may read and write everything for the first purpose; an employee may read the lowest families of one
    table for the others, or for the only one.

    Args:
        name: of the policy.
        families: one at least, none twice.
        purposes: one at least, none twice.
    """
    rank = {level: i for i, level in enumerate(DEFAULT_LEVELS)}
    lowest = min(families, key=lambda each: rank[each.level])
    tables: dict[str, list[str]] = {}
    for each in families:
        tables.setdefault(each.table, []).append(each.family)
    low = [each.family for each in families if (each.table, each.level) == (lowest.table, lowest.level)]
    text = _HEAD.format(schema=SCHEMA, name=_toml(name), levels=_toml(DEFAULT_LEVELS), purposes=_toml(purposes))
    for each in families:
        text += _FAMILY.format(
            table=_toml(each.table), family=_toml(each.family), level=_toml(each.level), purposes=_toml(purposes)
        )
    text += _ROLES.format(highest=_toml(max((each.level for each in families), key=rank.__getitem__)))
    for table, names in tables.items():
        text += _APP.format(table=_toml(table), families=_toml(names), purposes=_toml(purposes[:1]))
    text += _STAFF.format(lowest=_toml(lowest.level))
    for purpose in purposes[1:] or purposes:
        text += _GRANT.format(
            table=_toml(lowest.table), families=_toml(low), purposes=_toml([purpose]), why="say here what for"
        )
    allowed = f"{lowest.table}:{low[0]}"
    return laid_out(
        text
        + _REST.format(
            first=_toml(purposes[0]),
            last=_toml(purposes[-1]),
            written=_toml(
                [f"{action} {each.table}:{each.family}" for each in families for action in ("read", "write")]
            ),
            read=_toml([f"read {allowed}"]),
            refused=_toml([f"write {allowed}"]),
        )
    )


def _toml(value: str | Iterable[str]) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"[{', '.join(map(_toml, value))}]"
