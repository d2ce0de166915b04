"""Makes the words of a policy of nothing that can change, so that one that was judged stays as it was judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from attrs import Attribute

from cfacl.errors import Fault, PolicyError

__all__ = ["ByName", "immutable"]


def immutable(_: type, fields: list[Attribute[Any]]) -> list[Attribute[Any]]:
    """Have every field that is annotated as a set, a tuple, a mapping or a date-time copy it; for attrs' ``frozen``.

    Sets and tuples may be given as any iterable, but not as one string, which would be taken for its letters.
    Date-times become those of UTC; one without an offset stays so, for whoever judges the policy to refuse.
    """
    return [each.evolve(converter=_converter(str(each.type))) for each in fields]


def _converter(annotation: str) -> Callable[[Any], Any] | None:
    bare, _, left_out = annotation.partition(" | ")
    found = _CONVERTERS.get(bare.partition("[")[0])
    return found if found is None or not left_out else lambda given: None if given is None else found(given)


class ByName(dict[Any, Any]):
    """A dict that nobody changes, so that it has a hash; unlike a mapping proxy it can be pickled and copied."""

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]  # a dict has none, for it can be changed
        return hash(frozenset(self.items()))

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("it can't be changed; make another one, with `attrs.evolve`")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return ByName, (dict(self),)


def _instant(given: Any) -> Any:
    """Return an exact `datetime`, read once: what a subclass or a zone says might differ the next time."""
    if not isinstance(given, datetime):
        return given
    try:
        zone = None if given.utcoffset() is None else UTC
        utc = given if zone is None else datetime.astimezone(given, UTC)
    except OverflowError:
        return given
    return datetime.combine(datetime.date(utc), datetime.time(utc), zone)


def _names(given: Iterable[Any]) -> frozenset[Any]:
    return given if type(given) is frozenset else frozenset(_several(given))


def _in_order(given: Iterable[Any]) -> tuple[Any, ...]:
    return given if type(given) is tuple else tuple(_several(given))


def _by_name(given: Mapping[Any, Any]) -> Mapping[Any, Any]:
    if not isinstance(given, Mapping):
        raise PolicyError([Fault("", f"a mapping by name is a dict, not {type(given).__name__}")])
    return given if type(given) is ByName else ByName(given)


def _several(given: Iterable[Any]) -> Iterable[Any]:
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise PolicyError([Fault("", f"several names are a set or a tuple, not {type(given).__name__}")])
    return given


_CONVERTERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "frozenset": _names,
    "tuple": _in_order,
    "Mapping": _by_name,
    "datetime": _instant,
}
