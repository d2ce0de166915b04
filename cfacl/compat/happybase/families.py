"""Column families as happybase describes them, held against the policy's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cfacl.compat.happybase.wire import decoded, encoded
from cfacl.errors import RequestError, UnknownTable, quoted
from cfacl.model.catalog import Catalog, Family
from cfacl.model.names import is_identifier
from cfacl.policy.text.draft import family_lines

__all__ = ["confirm_described", "described"]

_COUNTED: Final = ("max_versions", "time_to_live")
#: How many versions HBase keeps where happybase says nothing of them.
_VERSIONS: Final = 3
#: What HBase calls for ever, in seconds; and what it takes for it too.
_FOREVER: Final = 2147483647
_ALWAYS: Final = (_FOREVER, -1, None)
#: What is a store's own business, with what says no more than that, or what is done anyway.
_PHYSICAL: Final[dict[str, tuple[object, ...]]] = {
    "compression": (None, "NONE"),
    "in_memory": (None, False),
    "bloom_filter_type": (None, "NONE", "ROW"),
    "bloom_filter_vector_size": (None, 0),
    "bloom_filter_nb_hashes": (None, 0),
    "block_cache_enabled": (None, False, True),
}


_KNOWN: Final = (*_COUNTED, *_PHYSICAL)


def described(family: Family) -> dict[str, Any]:
    """Return a family as happybase tells of it; ``None`` for what only the store knows."""
    return {
        "name": family.name.encode() + b":",
        "max_versions": family.versions,
        "time_to_live": _FOREVER if family.time_to_live is None else family.time_to_live,
        **dict.fromkeys(_PHYSICAL),
    }


def confirm_described(catalog: Catalog, table: str, families: Mapping[Any, Mapping[str, Any] | None]) -> None:
    """Raise where families are not as the policy has them; what an option leaves out is as the policy says.

    Raises:
        UnknownTable: the policy lacks the table; a note has the lines to add.
        RequestError: it lacks a family, which is noted too; or an option differs.
        TypeError: an option is none of happybase's.
    """
    asked = {_name(name): _options(options) for name, options in families.items()}
    known = catalog.tables.get(table)
    lacking = {name: options for name, options in asked.items() if known is None or name not in known.families}
    for name in (table, *asked) if known is None else lacking:
        if not is_identifier(name):
            kind = UnknownTable if known is None else RequestError
            raise kind(f"no policy can name {quoted(name)}; take 1 to 128 ASCII letters, digits, `_`, `.` and `-`")
    if lacking:
        kind = UnknownTable if known is None else RequestError
        what = "no table" if known is None else f"no family {', '.join(map(quoted, lacking))} of table"
        error = kind(f"the policy has {what} {quoted(table)}; add the lines below, and say its level and purposes")
        error.add_note(_lines(table, lacking, catalog))
        raise error
    for name, options in asked.items():
        _confirm(catalog.tables[table].families[name], table, options)


def _options(given: object) -> dict[str, Any]:
    """Return a family's options, of which each is one, and a number where it has to be."""
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"a family's options are a dict or None, not {type(given).__name__}")
    options = dict(given or {})
    for option, value in options.items():
        if option not in _KNOWN:
            raise TypeError(f"a family has no option {quoted(option)}; it has {', '.join(map(quoted, _KNOWN))}")
        if option in _COUNTED and not (value is None or (type(value) is int and (value > 0 or value in _ALWAYS))):
            raise RequestError(f"`{option}` is an int of at least 1, or None")
    return options


def _confirm(family: Family, table: str, options: Mapping[str, Any]) -> None:
    for option, value in options.items():
        where = f"`{option}` of family {quoted(family.name)} of table {quoted(table)}"
        if option in _PHYSICAL:
            if (value.decode() if isinstance(value, bytes) else value) not in _PHYSICAL[option]:
                raise RequestError(f"{where} is the store's own, of which no policy says anything; leave it out")
        elif option == "max_versions":
            if value is not None and value != family.versions:
                raise RequestError(f"{where} is {family.versions} by the policy; leave it out, or change the policy")
        elif value not in (_ALWAYS if family.time_to_live is None else (None, family.time_to_live)):
            there = "for ever" if family.time_to_live is None else f"{family.time_to_live} seconds"
            raise RequestError(f"{where} is {there} by the policy; leave it out, or change the policy")


def _lines(table: str, families: Mapping[str, Mapping[str, Any]], catalog: Catalog) -> str:
    """Return what a policy would say of families: at the top level, for nobody."""
    lines = []
    for name, options in families.items():
        versions, life = options.get("max_versions") or _VERSIONS, options.get("time_to_live")
        lines += family_lines(table, name, catalog.levels[-1], versions, None if life in _ALWAYS else life)
    return "\n".join(lines)


def _name(given: Any) -> str:
    name = encoded(given)
    if not isinstance(name, bytes):
        raise TypeError(f"a family's name is text or bytes, not {type(given).__name__}")
    return decoded(name.removesuffix(b":"))
