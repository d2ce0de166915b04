"""The page of who may do something to a family: an answer to forward, with its reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from cfacl.cli.pages.packing import during
from cfacl.cli.pages.page import framed, text
from cfacl.cli.screen import counted, stamp

if TYPE_CHECKING:
    import cfacl
    from cfacl.engine.explain import Reason
    from cfacl.engine.reverse import Holder
    from cfacl.model.action import Action

__all__ = ["Question", "reasoned", "who_page"]

_ANY: Final = (
    "All who may are listed, each once, with the purposes for which they may: for another they may not, and whoever is not"
    " listed may not at all."
)
_ONE: Final = "All who may for this purpose are listed, each once; whoever is not listed may not. Of other purposes nothing is said here."
_COUNTED: Final = "Inherited roles, clearances, restrictions, and the times of grants and assignments are counted in."
_THEN: Final = " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "
_HEADS: Final = ("Who", "For", "When", "By which grants")


class Question(NamedTuple):
    """What is asked: who may, at an instant; ``purpose``: for this one, or (``None``) for any."""

    action: Action
    table: str
    family: str
    purpose: str | None
    at: datetime


class Access(NamedTuple):
    """For which purposes somebody may, in which time, and by which grants."""

    purposes: tuple[str, ...]
    since: datetime | None
    until: datetime | None
    by: tuple[Reason, ...]


def reasoned(db: cfacl.Database, asked: Question) -> dict[tuple[Access, ...], list[str]]:
    """Return who may, as `Database.who` has it, gathered by how; both in the order of names.

    Args:
        db: its clock stands at the instant that is asked about.
    """
    ways: dict[str, dict[tuple[datetime | None, datetime | None, tuple[Reason, ...]], list[str]]] = {}
    for each in db.who(asked.action, asked.table, asked.family, purpose=asked.purpose):
        way = each.since, each.until, _reasons(db, asked, each)
        ways.setdefault(each.principal, {}).setdefault(way, []).append(each.purpose)
    found: dict[tuple[Access, ...], list[str]] = {}
    for principal, by_way in ways.items():
        found.setdefault(tuple(Access(tuple(said), *way) for way, said in by_way.items()), []).append(principal)
    return found


def _reasons(db: cfacl.Database, asked: Question, holder: Holder) -> tuple[Reason, ...]:
    explained = db.session(holder.principal, purpose=holder.purpose).explain(asked.action, asked.table, asked.family)
    return explained.families[0].grants


def who_page(
    policy: cfacl.Policy, fingerprint: str, asked: Question, found: Mapping[tuple[Access, ...], Sequence[str]]
) -> str:
    """Return the page of an answer.

    Args:
        fingerprint: of the policy's text.
        found: from `reasoned`.
    """
    family = policy.catalog.tables[asked.table].families[asked.family]
    what = f"{asked.action} {asked.table}:{asked.family}"
    names = [name for each in found.values() for name in each]
    meaning = _ANY if asked.purpose is None else _ONE
    again = f"cfacl who POLICY {what} --at {asked.at.isoformat()}"
    if asked.purpose is not None:
        again += f" --purpose {asked.purpose}"
    return framed(
        kind="Answer of a policy",
        name=f"Who may {what}",
        facts=[
            ("Policy", policy.name),
            ("Answer", counted(len(names), "principal", "principals") if names else "nobody"),
            ("As it is at", stamp(asked.at)),
            ("For which purpose", asked.purpose or "any"),
            ("Level of the family", family.level),
            ("It may be used for", ", ".join(sorted(family.purposes)) or "nothing"),
            ("SHA-256 of the policy", fingerprint),
        ],
        main="\n".join(
            [
                f'<section class="legend" aria-label="What is counted"><p>{meaning} {_COUNTED}</p></section>',
                _table(policy, found) if names else _nobody(what, asked.purpose),
                f'<p class="keys">To ask again: <code>{text(again)}</code></p>',
            ]
        ),
    )


def _nobody(what: str, purpose: str | None) -> str:
    why = "any purpose" if purpose is None else f"<code>{text(purpose)}</code>"
    return f'<p class="note"><strong>Nobody</strong> may {text(what)} for {why} at that time.</p>'


def _table(policy: cfacl.Policy, found: Mapping[tuple[Access, ...], Sequence[str]]) -> str:
    heads = "".join(f'<th scope="col">{each}</th>' for each in _HEADS)
    rows = "\n".join(_rows(policy, ways, names) for ways, names in found.items())
    return f'<table class="answer"><thead><tr>{heads}</tr></thead>\n{rows}\n</table>'


def _rows(policy: cfacl.Policy, ways: Sequence[Access], names: Sequence[str]) -> str:
    """Return a body of a table: who, and a row for each way in which they may."""
    kinds: dict[str, list[str]] = {}
    for name in names:
        kinds.setdefault(policy.principals[name].kind, []).append(f"<bdi>{text(name)}</bdi>")
    told = "".join(f"<p>{', '.join(each)} <small>{text(kind)}</small></p>" for kind, each in sorted(kinds.items()))
    cells = [
        f'<td data-head="For">{text(", ".join(way.purposes))}</td>'
        f'<td data-head="When">{during(way.since, way.until) or "always"}</td>'
        f"<td><ul>{_grants(way.by)}</ul></td></tr>"
        for way in ways
    ]
    return f'<tbody><tr><th scope="rowgroup" rowspan="{len(ways)}">{told}</th>{"<tr>".join(cells)}</tbody>'


def _grants(by: Iterable[Reason]) -> str:
    return "".join(
        f"<li><code>{text(each.path)}</code> {text(each.why)} <small>through {text(_THEN.join(each.roles))}</small></li>"
        for each in by
    )
