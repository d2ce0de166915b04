"""How a wall is told: as a script, as a table, as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cfacl.cli.screen import Answer, Format, counted, listing, print_csv, print_json, say
from cfacl.errors import quoted

if TYPE_CHECKING:
    from cfacl.api.wall import Wall
    from cfacl.stores.base import Store
    from cfacl.stores.native import Right

#: What is said where the rights agree, by whether they were seen to be heeded, and said to be.
_WHOLE: Final = "the store gives what it can say of the policy, and nothing more"
_AGREES: Final = {
    (True, False): _WHOLE,
    (True, True): _WHOLE,
    (False, True): f"{_WHOLE}; that it heeds its rights is your word, and was not seen",
    (False, False): "the rights that are written there are what the store can say of the policy, and nothing more",
}


#: What is said of a right, as CSV: how it stands, or what a plan does with it.
STANDING: Final = ("standing", "account", "on", "rights", "why")


def script_of(store: Store, wall: Wall) -> str:
    """Return the script, with what it leaves alone and what it leaves out behind it."""
    remarks = [f"{len(wall.revoked):,} to take, {len(wall.granted):,} to give"]
    remarks += [
        f"left alone: {quoted(each.right.account)}, {each.right.letters} on {each.right.on}: {each.why}"
        for each in wall.extra
        if not each.ours
    ]
    remarks += [
        f"not given: {quoted(each.account)}, {each.what} on {each.table}:{each.family}: {each.why}"
        for each in wall.unsaid
    ]
    if wall.unseen is not None and not wall.heeded:
        remarks.append(wall.unseen)
    return store.native_rights().script(wall.revoked, wall.granted, remarks)


def told(wall: Wall, form: Format, hidden: str) -> int:
    """Print how the store's own rights stand to a policy, and return the exit code; ``hidden``: what that does not show."""
    if form is Format.JSON:
        print_json(as_document(wall))
        return Answer.YES if wall.holds else Answer.NO
    rows = [_row("missing", each, "") for each in wall.missing]
    rows += [_row("too much", each.right, each.why) for each in wall.extra]
    rows += [
        _row("known", each, "of a family that is gone" if each.gone else "looks after the store") for each in wall.known
    ]
    aside = form is Format.CSV
    if aside:
        print_csv(STANDING, rows)
    else:
        listing(("", *STANDING[1:]), [{**each, "": each["standing"]} for each in rows], "nobody has any rights")
    if wall.agrees:
        say(_AGREES[wall.unseen is None, wall.heeded], err=aside)
    if wall.unsaid:
        things = counted(len(wall.unsaid), "permission", "permissions")
        say(f"{things} of the policy it can't say, and is to give to nobody; `cfacl native plan` lists them", err=aside)
    if wall.unseen is not None and not wall.heeded:
        say(f"{wall.unseen}; or, where you know that it does, say `--heeded`", err=aside)
    say(f"not visible here: {hidden}", err=aside)
    return Answer.YES if wall.holds else Answer.NO


def _row(what: str, right: Right, why: str) -> dict[str, str]:
    return {"standing": what, "account": right.account, "on": right.on, "rights": right.letters, "why": why}


def planned(wall: Wall) -> list[dict[str, str]]:
    """Return what a plan does, a row each: what it takes, gives, leaves alone, and what it does not give."""
    rows = [_row("take", each, "") for each in wall.revoked]
    rows += [_row("give", each, "") for each in wall.granted]
    rows += [_row("left alone", each.right, each.why) for each in wall.extra if not each.ours]
    rows += [
        {
            "standing": "not given",
            "account": each.account,
            "on": f"{each.table}:{each.family}",
            "rights": each.what,
            "why": each.why,
        }
        for each in wall.unsaid
    ]
    return rows


def as_document(wall: Wall) -> dict[str, Any]:
    """Return a wall as a document for JSON."""
    return {
        "holds": wall.holds,
        "agrees": wall.agrees,
        "heeded": "seen" if wall.unseen is None else "said" if wall.heeded else "unseen",
        "unseen": wall.unseen,
        "missing": [_right(each) for each in wall.missing],
        "too_much": [{**_right(each.right), "why": each.why, "taken": each.ours} for each in wall.extra],
        "known": [_right(each) for each in wall.known],
        "revoked": [_right(each) for each in wall.revoked],
        "granted": [_right(each) for each in wall.granted],
        "unsaid": [each._asdict() for each in wall.unsaid],
    }


def _right(right: Right) -> dict[str, Any]:
    column = None if right.column is None else right.column.decode("utf-8", "backslashreplace")
    return {**right._asdict(), "column": column}
