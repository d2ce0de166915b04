"""A policy to begin with, from the families that a store has: all at the top level, for nobody, ready to be classified."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

from cfacl.errors import quoted
from cfacl.model.catalog import DEFAULT_LEVELS
from cfacl.model.discovery import Discovered
from cfacl.model.names import is_identifier
from cfacl.policy.document.notation import MAX_SECONDS, MAX_VERSIONS, duration
from cfacl.policy.policy import Policy

__all__ = ["draft", "family_lines", "guess"]

#: What names of columns have in them that hold such data: what identifies and what is linked to a person after NIST SP
#: 800-122 (section 2.2), the special categories of GDPR Art. 9, and what PCI DSS has kept from everybody.
_WORDS: Final = {
    "sealed": "cvc cvv credential iban pan passwd password pin private secret ssn token",
    "sensitive": "biometric card diagnosis ethnicity fingerprint gps health lat latitude location lon longitude medical"
    " passport religion salary",
    "personal": "address birth birthdate birthday city country customer device dob email firstname gender ip language"
    " lastname mail mobile name phone postcode street surname user username zip",
}
_LEVELS: Final = {word: level for level, words in _WORDS.items() for word in words.split()}
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
#: What TOML takes for a key without quotes.
_BARE: Final = re.compile("[A-Za-z0-9_-]+")


def draft(found: Iterable[Discovered], *, name: str) -> str:
    """Return a policy as text: a family's level may be guessed from names of columns, and is then a comment beside it.

    Raises:
        PolicyError: ``name`` is none that a policy can have.
    """
    lines = [
        "# Every family is at the top level, for no purpose, and granted to nobody.  Name the purposes, give each family its",
        "# level and purposes, write roles and principals; `cfacl check` says what is missing.  Then",
        '# `create_tables(adopt=["table:family", ...])` takes over what is there.',
        "[policy]",
        f"name = {json.dumps(name, ensure_ascii=False)}",
    ]
    for each in found:
        lines.append("")
        if not (is_identifier(each.table) and is_identifier(each.family)):
            lines.append(
                f"# left out, for no policy can name it: family {quoted(each.family)} of table {quoted(each.table)}"
            )
            continue
        lines += family_lines(each.table, each.family, DEFAULT_LEVELS[-1], each.versions, each.time_to_live)
        guessed = guess(each.qualifiers)
        if guessed is not None:
            level, words = guessed
            lines.append(
                f"# a guess, by {', '.join(map(quoted, words))} in names of columns: level = {json.dumps(level)}"
            )
    from cfacl.policy.text.layout import laid_out  # it needs pydantic, and `family_lines` does not

    text = "\n".join(lines) + "\n"
    Policy.loads(text)  # raises for a name that is none
    return laid_out(text)


def family_lines(table: str, family: str, level: str, versions: int, time_to_live: int | None) -> list[str]:
    """Return the lines that a policy has of a family which is for no purpose yet; ``time_to_live`` in seconds."""
    lines = [f"[tables.{_key(table)}.families.{_key(family)}]", f"level = {json.dumps(level)}", "purposes = []"]
    if versions > MAX_VERSIONS:
        lines.append(f"versions = {MAX_VERSIONS}  # the most; it keeps {versions} there")
    elif versions != 1:
        lines.append(f"versions = {versions}")
    if time_to_live is not None and 0 < time_to_live <= MAX_SECONDS:  # longer is for ever, to HBase too
        lines.append(f'time_to_live = "{duration(time_to_live)}"')
    return lines


def guess(qualifiers: Iterable[bytes]) -> tuple[str, list[str]] | None:
    """Return the highest level that words in names of columns speak for, and these words, sorted; or ``None``."""
    words = {word for each in qualifiers for word in _words(each) if word in _LEVELS}
    if not words:
        return None
    level = max((_LEVELS[word] for word in words), key=DEFAULT_LEVELS.index)
    return level, sorted(word for word in words if _LEVELS[word] == level)


def _words(name: bytes) -> Iterator[str]:
    return (word.lower() for word in _WORD.findall(name.decode("utf-8", "replace")))


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name)
