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
    script = "".join(_read(each) for each in _SCRIPTS)
    style = _read("page.css")
    ladder = max(1, len(levels) - 1)
    made = Template(_read("page.html")).substitute(
        title=_text(f"{name}: {kind.lower()}"),
        kind=_text(kind),
        name=_text(name),
        label=_text(f"{kind} of {name}"),
        facts="\n".join(f"<div><dt>{_text(term)}</dt><dd>{_text(said)}</dd></div>" for term, said in facts),
        meaning=_text(meaning),
        levels="\n".join(
            f'<li class="level l{rank * 4 // ladder}">{_text(level)}</li>' for rank, level in enumerate(levels)
        ),
        letters="\n".join(f"<li><b>{_text(letter)}</b> {_text(word)}</li>" for letter, word in letters),
        notes="\n".join(f'<p class="note">{_text(note)}</p>' for note in notes),
        remarks=_remarks(remarks),
        columns=_text(columns),
        instead=f"<code>{_text(instead)}</code>",
        footer=_text(
            f"Made {stamp(datetime.now(UTC))} by cfacl {version('cfacl')}. This page loads nothing and sends nothing."
        ),
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        data=embedded(data),
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
        f" <span>{_text(message)}</span></li>"
    )


def _lines(paths: Iterable[str]) -> str:
    return "\n".join(map(_text, paths))


def embedded(data: Any) -> str:
    """Return a document as JSON that nothing in it can end: ASCII, without ``<``, ``>`` and ``&``."""
    return json.dumps(data, separators=(",", ":")).translate(_UNSAFE)


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text("ascii")


def _text(said: str) -> str:
    return html.escape(said)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('ascii')).digest()).decode('ascii')}"
