"""What an operator and a comparator say of bytes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Final

from cfacl.filters.arguments import Comparator
from cfacl.filters.patterns import finder

__all__ = ["Passes", "passes"]

Passes = Callable[[bytes], bool]

_COMPARE: Final[dict[str, Callable[[bytes, bytes], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


def passes(sign: str, comparator: Comparator) -> Passes:
    """Return what tells whether bytes pass; as HBase's reference guide has it under "Comparators"."""
    with_it = comparator.value
    if comparator.kind in ("binary", "binaryprefix"):
        compare = _COMPARE[sign]
        if comparator.kind == "binary":
            return lambda given: compare(given, with_it)
        length = len(with_it)
        return lambda given: compare(given[:length], with_it)
    if comparator.kind == "regexstring":
        found: Passes = finder(with_it)
    else:
        text = with_it.decode().lower()

        def found(given: bytes) -> bool:
            return text in given.decode("utf-8", "replace").lower()

    return found if sign == "=" else lambda given: not found(given)
