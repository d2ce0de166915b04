"""One page that needs nothing beside it, and may reach nothing.

Its policy lets it run the one script and use the one style that it was made with, known by their
hashes, and load nothing at all.  So even a name that got out of its place could do nothing; and none
gets out: data is JSON without a character that means something to HTML, and texts are escaped.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any, Final

from cfacl.cli.markdown import joined
from cfacl.cli.screen import stamp

if TYPE_CHECKING:
    from cfacl.policy.difference.remark import Effect, Remark

#: What ends a script, or begins a comment, in HTML; in JSON they stand in texts alone.
_UNSAFE: Final = {ord(each): f"\\u{ord(each):04x}" for each in "<>&"}
#: How many places of a remark stand open.
_PLACES: Final = 5
#: What stands in backticks; one that has no other is a character as any.
_QUOTED: Final = re.compile("`([^`]*)`")
_SCRIPTS: Final = ("grid.js", "sheet.js", "page.js")


def page(
    *,
    kind: str,
    name: str,
    facts: Iterable[tuple[str, str]],
    meaning: str,
    levels: Sequence[str],
    letters: Iterable[tuple[str, str]],
    notes: Iterable[str],
    remarks: Iterable[Remark],
    columns: str,
    instead: str,
    data: dict[str, Any],
) -> str:
    """Return a page as ASCII.

    Args:
        kind, name: what it is, and of what.
        facts: terms, each with what there is to say.
        meaning: what a cell says.
        levels: lowest first.
        letters: each letter with its word.
        notes: what else whoever reads it should know.
        remarks: what else changed, what weakens first.
        columns: what stands across.
        instead: the command that answers the same without a script.
        data: from `Packing.document`.
    """
    ladder = max(1, len(levels) - 1)
    main = Template(_read("grid.html")).substitute(
        label=text(f"{kind} of {name}"),
        meaning=text(meaning),
        levels="\n".join(
            f'<li class="level l{rank * 4 // ladder}">{text(level)}</li>' for rank, level in enumerate(levels)
        ),
        letters="\n".join(f"<li><b>{text(letter)}</b> {text(word)}</li>" for letter, word in letters),
        notes="\n".join(f'<p class="note">{text(note)}</p>' for note in notes),
        remarks=_remarks(remarks),
        columns=text(columns),
        instead=f"<code>{text(instead)}</code>",
    )
    script = "".join(_read(each) for each in _SCRIPTS)
    return framed(
        kind=kind,
        name=name,
        facts=facts,
        main=main.rstrip("\n"),
        allowed=f"script-src '{_hash(script)}'; ",
        scripts=f'<script type="application/json" id="data">{embedded(data)}</script>\n<script>{script}</script>\n',
    )


def framed(
    *, kind: str, name: str, facts: Iterable[tuple[str, str]], main: str, allowed: str = "", scripts: str = ""
) -> str:
    """Return a page as ASCII, of what is HTML already.

    Args:
        kind, name, facts: as for `page`.
        main: what stands below them.
        allowed: what the page's policy says of its scripts, as they are known by their hashes.
        scripts: those; none where nothing is allowed.
    """
    style = _read("page.css")
    made = Template(_read("page.html")).substitute(
        title=text(f"{name}: {kind.lower()}"),
        kind=text(kind),
        name=text(name),
        facts="\n".join(f"<div><dt>{text(term)}</dt><dd>{text(said)}</dd></div>" for term, said in facts),
        main=main,
        footer=text(
            f"Made {stamp(datetime.now(UTC))} by cfacl {version('cfacl')}. This page loads nothing and sends nothing."
        ),
        style=style,
        style_hash=_hash(style),
        allowed=allowed,
        scripts=scripts,
    )
    return made.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _remarks(remarks: Iterable[Remark]) -> str:
    """Return what else changed under its heading, or nothing; what is remarked of many places is one item."""
    told = "\n".join(_item(*said, paths) for said, paths in joined(remarks).items())
    return told and (
        '<h2 class="else" id="else">What else changed</h2>\n'
        '<div class="remarks" role="region" aria-labelledby="else" tabindex="0"><ol>\n'
        f"{told}\n</ol></div>"
    )


def _item(effect: Effect, message: str, paths: Sequence[str]) -> str:
    more = paths[_PLACES:]
    rest = more and f"<details><summary>and {len(more):,} more</summary><code>{_lines(more)}</code></details>"
    return (
        f'<li><b class="{effect}">{effect}</b> <div><code>{_lines(paths[:_PLACES])}</code>{rest or ""}</div>'
        f" <span>{_coded(message)}</span></li>"
    )


def _coded(message: str) -> str:
    """Return a message with what stands in backticks as code; a name that has one of its own was escaped."""
    parts = enumerate(map(text, _QUOTED.split(message)))
    return "".join(f"<code>{part}</code>" if odd % 2 else part for odd, part in parts)


def _lines(paths: Iterable[str]) -> str:
    return "\n".join(map(text, paths))


def embedded(data: Any) -> str:
    """Return a document as JSON that nothing in it can end: ASCII, without ``<``, ``>`` and ``&``."""
    return json.dumps(data, separators=(",", ":")).translate(_UNSAFE)


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text("ascii")


def text(said: str) -> str:
    """Return a text as HTML in which nothing is markup."""
    return html.escape(said)


def _hash(code: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(code.encode('ascii')).digest()).decode('ascii')}"
