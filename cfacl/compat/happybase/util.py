"""What happybase has in its module of the same name: names in two styles, bytes, and Thrift's types as dicts."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any

from cfacl.model.request import prefix_span

__all__ = [
    "OrderedDict",
    "bytes_increment",
    "camel_case_to_pep8",
    "ensure_bytes",
    "pep8_to_camel_case",
    "thrift_attrs",
    "thrift_type_to_dict",
]


def camel_case_to_pep8(name: str) -> str:
    """Return ``maxVersions`` as ``max_versions``."""
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name).removeprefix("_")


def pep8_to_camel_case(name: str, initial: bool = False) -> str:
    """Return ``max_versions`` as ``maxVersions``, or with an ``initial`` capital."""
    first, *rest = name.split("_")
    return "".join([first.capitalize() if initial else first.lower(), *map(str.capitalize, rest)])


def thrift_attrs(obj_or_cls: Any) -> list[str]:
    """Return the names of the fields of a Thrift type."""
    return [field[1] for field in obj_or_cls.thrift_spec.values()]


def thrift_type_to_dict(obj: Any) -> dict[str, Any]:
    """Return a Thrift value's fields by their names in the style of Python."""
    return {camel_case_to_pep8(each): getattr(obj, each) for each in thrift_attrs(obj)}


def ensure_bytes(str_or_bytes: str | bytes) -> bytes:
    """Return bytes as they are, and text in UTF-8; raise `TypeError` for anything else."""
    if isinstance(str_or_bytes, bytes):
        return str_or_bytes
    if isinstance(str_or_bytes, str):
        return str_or_bytes.encode()
    raise TypeError(f"a name is text or bytes, not {type(str_or_bytes).__name__}")


def bytes_increment(b: bytes) -> bytes | None:
    """Return the first byte string behind all that start with ``b``, or ``None`` where there is none."""
    return prefix_span(b).upper
