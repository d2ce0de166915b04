"""`cfacl doctor`: how does a store stand?"""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cfacl.cli import source
from cfacl.cli.screen import Answer, Format, FormatOption, busy, counted, listing, print_csv, print_json, say

if TYPE_CHECKING:
    from cfacl.stores.base import Store

#: The most urgent first, and what people read for each.
_ORDER: Final = {"attention": "attention", "unseen": "not visible", "well": "well", "fact": ""}


def doctor(
    store: Annotated[
        str,
        typer.Argument(metavar="STORE", help="A URL, as `hbase://host:9090`, or a directory.", show_default=False),
    ],
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="POLICY", help="A policy to hold the store against.", show_default=False),
    ] = None,
    form: FormatOption = Format.TABLE,
) -> int:
    """Say how a store stands, and what deserves attention.

    That is who can listen, who is let in, what it holds that nobody knows, and which versions are there. Nothing is changed, and what cannot be seen from here is said to be so. An embedded store may be in use meanwhile.

    Exit code 0 if nothing that can be seen deserves attention, 1 if something does.
    """
    from cfacl.api.doctor import examine

    with ExitStack() as stack:
        stack.enter_context(busy("looking"))
        read = None if policy is None else source.policy(policy)
        opened = stack.enter_context(closing(_open(store)))
        signs = sorted(examine(opened, read), key=lambda each: list(_ORDER).index(each.verdict))
    ill = sum(each.verdict == "attention" for each in signs)
    unseen = list(dict.fromkeys(each.about for each in signs if each.verdict == "unseen"))
    if form is Format.JSON:
        print_json({"store": store, "well": not ill, "unseen": unseen, "signs": [each._asdict() for each in signs]})
    elif form is Format.CSV:
        print_csv(("verdict", "about", "told"), [each._asdict() for each in signs])
    else:
        listing(("", "about", "told"), [{**each._asdict(), "": _ORDER[each.verdict]} for each in signs], "nothing")
        say(_summary(ill, unseen))
    return Answer.NO if ill else Answer.YES


def _summary(ill: int, unseen: list[str]) -> str:
    if ill:
        return f"{counted(ill, 'thing deserves', 'things deserve')} attention"
    if unseen:
        return f"nothing that is visible from here deserves attention; not visible: {', '.join(unseen)}"
    return "nothing deserves attention"


def _open(location: str) -> Store:
    """Open a store so that nothing of it changes, where it can be opened so."""
    from cfacl.errors import RequestError
    from cfacl.stores.registry import open_store

    try:
        return open_store(location, clock=time_ns, read_only=True)
    except RequestError:  # none of its kind is ever read only, or it is wrong in another way, which is told then
        return open_store(location, clock=time_ns)
