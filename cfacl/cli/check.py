"""`cfacl check`: is this a policy, and is it a sound one?"""

from __future__ import annotations

from typing import Final

from cfacl.cli import source
from cfacl.cli.screen import Answer, Format, FormatOption, counted, listing, print_json, say
from cfacl.cli.source import PolicyArgument
from cfacl.errors import quoted

#: What is counted, once and many times.
_WORDS: Final = {
    "tables": ("table", "tables"),
    "families": ("family", "families"),
    "roles": ("role", "roles"),
    "grants": ("grant", "grants"),
    "principals": ("principal", "principals"),
    "never": ("`never` line", "`never` lines"),
    "expect": ("`expect` line", "`expect` lines"),
}


def check(
    file: PolicyArgument,
    form: FormatOption = Format.TABLE,
) -> int:
    """Read a policy, run its own tests, and look for likely mistakes.

    Its tests are its `never` and `expect` lines; one that does not hold keeps it from loading.

    Exit code 0 if nothing is found, 1 if there are findings, 2 if it is no policy that loads.
    """
    import attrs

    policy = source.policy(file)
    findings = [attrs.asdict(finding) for finding in policy.lint()]
    counts = {
        "tables": len(policy.catalog.tables),
        "families": sum(len(table.families) for table in policy.catalog.tables.values()),
        "roles": len(policy.roles),
        "grants": sum(len(role.grants) for role in policy.roles.values()),
        "principals": len(policy.principals),
        "never": len(policy.never),
        "expect": len(policy.expect),
    }
    if form is Format.JSON:
        print_json({"policy": policy.name, "counts": counts, "findings": findings})
    else:
        told = (counted(counts[each], *words) for each, words in _WORDS.items())
        say(f"policy {quoted(policy.name)} loads: {', '.join(told)}")
        listing(("path", "code", "message"), findings, "no findings")
    return Answer.NO if findings else Answer.YES
