"""Names in docstrings, and what the reference shows of a class.

Docstrings put arguments, words of a policy and names of this library in the same single backticks: one is a link where
the reference has the name, and code otherwise.  Types in signatures are another matter: one that leads nowhere is an
error, but for those of the standard library.
"""

from __future__ import annotations

import inspect
import re
from typing import Any, Final

from attrs import has as is_attrs
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

#: Where whoever reads makes objects of classes; elsewhere `connect` and what follows from it does.
_MADE_BY_READERS: Final = ("cfacl.audit.", "cfacl.compat.happybase.", "cfacl.testing.")


#: A page, as docstrings name it.
_PAGE: Final = re.compile(r"\b(docs/\w+)\.md\b")


def _plain(
    app: Sphinx,  # noqa: ARG001  # an event's signature
    env: BuildEnvironment,  # noqa: ARG001  # the same
    node: pending_xref,
    shown: nodes.TextElement,
) -> nodes.TextElement | None:
    """Return what was written, for a name in prose that the reference does not have."""
    return shown if node["reftype"] == "obj" else None


def _signature(
    app: Sphinx,  # noqa: ARG001  # an event's signature
    what: str,  # noqa: ARG001  # the same
    name: str,
    obj: Any,
    options: Any,  # noqa: ARG001  # the same
    signature: str | None,
    returns: str | None,  # noqa: ARG001  # the same
) -> tuple[str, None] | None:
    """Leave out how a class is made that its readers do not make."""
    shown = not inspect.isclass(obj) or is_attrs(obj) or hasattr(obj, "_fields") or name.startswith(_MADE_BY_READERS)
    return None if signature is None or shown else ("", None)


def _pages(
    app: Sphinx,  # noqa: ARG001  # an event's signature
    what: str,  # noqa: ARG001  # the same
    name: str,  # noqa: ARG001  # the same
    obj: Any,  # noqa: ARG001  # the same
    options: Any,  # noqa: ARG001  # the same
    lines: list[str],
) -> None:
    """Make a link of a page that a docstring names by its path in the repository."""
    lines[:] = [_PAGE.sub(r":doc:`\g<0> </\1>`", line) for line in lines]


def _no_field(
    app: Sphinx,  # noqa: ARG001  # an event's signature
    what: str,  # noqa: ARG001  # the same
    name: str,  # noqa: ARG001  # the same
    obj: Any,
    skip: bool,
    options: Any,  # noqa: ARG001  # the same
) -> bool | None:
    """Leave out what says `Alias for field number 0`: the signature has the field, with its type."""
    return True if type(obj).__name__ == "_tuplegetter" else skip or None


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx."""
    app.connect("missing-reference", _plain)
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-process-docstring", _pages)
    app.connect("autodoc-skip-member", _no_field)
    return {"parallel_read_safe": True}
