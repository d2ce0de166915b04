"""The policy document as an author writes it: one pydantic model for each table of the TOML.

These models judge shape only: keys, types, lengths, what one value says by itself.  Names
that must be declared elsewhere, and values that must agree with others, are judged in
`cfacl.policy.document.references`.  The JSON Schema that ships comes from these models too, so every
field has a description: what it is, as the end of a sentence that starts "is required: ".

Importing this module imports pydantic, which takes a tenth of a second; `cfacl.policy.policy`
does so only when a document is read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from cfacl.model.action import Action
from cfacl.model.catalog import DEFAULT_LEVELS
from cfacl.model.grants import Kind
from cfacl.model.names import IDENTIFIER, PURPOSE, SUBJECT_LENGTH, is_subject
from cfacl.model.request import MAX_QUALIFIER
from cfacl.model.settings import DEFAULT_BUCKETS
from cfacl.policy.document.notation import ACCESS, DURATION, MAX_SECONDS, MAX_VERSIONS, duration, seconds

#: How many hash buckets an ordered table may have on Cassandra; a scan asks each of them.
MAX_BUCKETS: Final = 65_536
#: What a JSON Schema can say of the names that `is_subject` takes: any regular expression with all of Unicode's
#: unprintable characters would be longer than the rest, so these are the ones that hide or turn text around.
SUBJECT: Final = r"^[^ {0}]([^{0}]*[^ {0}])?$".format(
    r"`\u0000-\u001f\u007f-\u00a0\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff"
)
#: The type of the errors that the functions below raise; their messages are shown as they are.
OURS: Final = "cfacl"


def _subject(name: str) -> str:
    if not is_subject(name):
        raise PydanticCustomError(
            OURS, f"the name must be 1 to {SUBJECT_LENGTH} printable characters, without backtick or space around it"
        )
    return name


def _visible(text: str) -> str:
    if not any(c.isprintable() and c != " " for c in text):
        raise PydanticCustomError(OURS, "must not be empty")
    return text


def _qualifier(name: str) -> str:
    if len(name.encode("utf-8")) > MAX_QUALIFIER:
        raise PydanticCustomError(OURS, f"is longer than {MAX_QUALIFIER} bytes, which no column's name is")
    return name


def _duration(text: str) -> str:
    if seconds(text) > MAX_SECONDS:
        raise PydanticCustomError(
            OURS, f"must be at most `{duration(MAX_SECONDS)}`; leave the key out to keep cells for ever"
        )
    return text


def _utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError(OURS, "lies outside the years 1 to 9999 of utc; take a nearer instant") from None


Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER)]
Purpose = Annotated[str, StringConstraints(pattern=PURPOSE, max_length=SUBJECT_LENGTH)]
Subject = Annotated[
    str,
    AfterValidator(_subject),
    WithJsonSchema({"type": "string", "pattern": SUBJECT, "minLength": 1, "maxLength": SUBJECT_LENGTH}),
]
Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
Names = Annotated[list[str], Field(min_length=1)]
Actions = Annotated[list[Action], Field(min_length=1)]


class Section(BaseModel):
    """What all tables of the document share: no unknown keys, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True)


class PolicySection(Section):
    """What the whole policy says of itself."""

    name: Subject = Field(description="what the policy is called")
    levels: Annotated[list[Identifier], Field(min_length=1)] = Field(
        list(DEFAULT_LEVELS),
        description="the ladder of sensitivity levels, lowest first",
        json_schema_extra={"uniqueItems": True},
    )
    purposes: list[Purpose] = Field(
        [],
        description="all purposes that data may be used for; dots group them",
        json_schema_extra={"uniqueItems": True},
    )


class FamilySection(Section):
    """A column family."""

    level: str = Field(description="the family's sensitivity, one of the policy's levels")
    purposes: list[str] = Field(description="the purposes that the family may be used for; none of them: nobody")
    columns: Annotated[list[Annotated[str, AfterValidator(_qualifier)]], Field(min_length=1)] | None = Field(
        None, description="the only columns that may be used; left out: any"
    )
    versions: int = Field(1, ge=1, le=MAX_VERSIONS, description="how many values of a cell are kept")
    time_to_live: (
        Annotated[str, StringConstraints(pattern=DURATION, max_length=16), AfterValidator(_duration)] | None
    ) = Field(None, description="how long a cell is returned, as `400d`, `12h` or `90s`; left out: for ever")


class TableSection(Section):
    """A table."""

    families: Annotated[dict[Identifier, FamilySection], Field(min_length=1)] = Field(
        description="the table's column families by name, at least one"
    )


class GrantSection(Section):
    """Gives actions on families of one table, for purposes, during a window."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["families"]}, {"required": ["at_or_below"]}]})

    table: str = Field(description="the table whose families are granted")
    families: Names | None = Field(None, description="the families, by name; or give `at_or_below`")
    at_or_below: str | None = Field(
        None, description="all families of the table whose level is this one or lower, future ones too"
    )
    actions: Actions = Field(description="what may be done; none implies another")
    purposes: Names = Field(description="the purposes for which it may be done")
    start: Instant | None = Field(None, alias="from", description="the first instant of the window; left out: always")
    until: Instant | None = Field(None, description="the instant at which the window has ended; left out: never")
    why: Annotated[str, AfterValidator(_visible)] = Field(
        min_length=1, description="the reason, for whoever reviews the grant", json_schema_extra={"pattern": r"\S"}
    )


class RestrictionSection(Section):
    """Takes away what grants give, from every role; a key left out means all, future ones too."""

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {"at_or_below": ["table"]},
            "not": {"required": ["families", "at_or_below"]},
        }
    )

    table: str | None = Field(None, description="the table; left out: every table")
    families: Names | None = Field(None, description="the families, by name; without `table`, in every table")
    at_or_below: str | None = Field(None, description="all families of the table whose level is this one or lower")
    actions: Actions | None = Field(None, description="what may not be done; left out: anything")
    purposes: Names | None = Field(
        None, description="the purposes, or all below one as `marketing.*`; left out: every purpose"
    )
    start: Instant | None = Field(None, alias="from", description="the first instant of the window; left out: always")
    until: Instant | None = Field(None, description="the instant at which the window has ended; left out: never")
    why: str = Field("", description="the reason")


class RoleSection(Section):
    """A named set of grants and restrictions."""

    clearance: str = Field(description="the highest level that the role may ever reach")
    inherits: list[str] = Field([], description="roles whose grants and restrictions this one has too")
    grants: list[GrantSection] = Field([], description="what the role gives")
    restrictions: list[RestrictionSection] = Field([], description="what the role takes away")


class HeldRole(Section):
    """A role that is held during a window."""

    role: str = Field(description="the role's name")
    start: Instant | None = Field(None, alias="from", description="the first instant of the window; left out: always")
    until: Instant | None = Field(None, description="the instant at which the window has ended; left out: never")


class PrincipalSection(Section):
    """An employee, a service or a third-party provider."""

    kind: Kind = Field(description="what the principal is: `employee`, `service` or `third_party`")
    roles: list[str | HeldRole] = Field(
        [], description="the roles held, by name or as `{ role = NAME, from = TIME, until = TIME }`"
    )


def _some_key_but_why(schema: JsonDict) -> None:
    schema["anyOf"] = [{"required": [key]} for key in NeverSection.model_fields if key != "why"]


class NeverSection(Section):
    """An invariant: an access that matches any name of every key given must be impossible."""

    model_config = ConfigDict(json_schema_extra=_some_key_but_why)

    kinds: Annotated[list[Kind], Field(min_length=1)] | None = Field(None, description="kinds of principals")
    principals: Names | None = Field(None, description="principals, by name")
    roles: Names | None = Field(None, description="roles that the principal holds, inherited ones too")
    purposes: Names | None = Field(None, description="purposes, or all below one as `marketing.*`")
    levels: Names | None = Field(None, description="levels of families")
    tables: Names | None = Field(None, description="tables, by name")
    families: Names | None = Field(None, description="families, by name; without `tables`, in every table")
    actions: Actions | None = Field(None, description="actions")
    why: str = Field("", description="the reason")


class ExpectSection(Section):
    """A unit test of the policy."""

    principal: str = Field(description="the principal whose access is tested")
    purpose: str = Field(description="the purpose that it states")
    at: Instant | None = Field(None, description="the instant of the test; left out: must hold at every instant")
    allowed: list[Annotated[str, StringConstraints(pattern=ACCESS)]] = Field(
        [], description="what must be allowed, as `read account:prof`"
    )
    refused: list[Annotated[str, StringConstraints(pattern=ACCESS)]] = Field(
        [], description="what must be refused, as `read account:id`"
    )
    exact: bool = Field(False, description="whether nothing but `allowed` may be allowed")


class HBaseSection(Section):
    """What only HBase needs."""

    require_tls: str | None = Field(None, description="the level from which plaintext connections are refused")


class CassandraTableSection(Section):
    """How Cassandra lays out one table."""

    model_config = ConfigDict(
        json_schema_extra={"not": {"properties": {"layout": {"const": "row"}}, "required": ["layout", "buckets"]}}
    )

    layout: Literal["ordered", "row"] = Field(
        "ordered", description="`ordered` scans in key order through hash buckets; `row` in the order of the ring"
    )
    buckets: int = Field(
        DEFAULT_BUCKETS, ge=1, le=MAX_BUCKETS, description="how many hash buckets an `ordered` table has"
    )


class CassandraSection(Section):
    """What only Cassandra needs."""

    require_tls: str | None = Field(None, description="the level from which plaintext connections are refused")
    consistency: Literal["ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM"] | None = (
        Field(None, description="the consistency level of reads and writes")
    )
    tables: dict[str, CassandraTableSection] = Field({}, description="layouts by table, where they differ")


class StoresSection(Section):
    """What only one kind of store needs; judged always, ignored by the others."""

    hbase: HBaseSection = Field(default_factory=HBaseSection, description="for HBase")
    cassandra: CassandraSection = Field(default_factory=CassandraSection, description="for Cassandra")


class Document(Section):
    """A policy of cfacl: who may do what to which column families, for which purposes and when."""

    policy: PolicySection = Field(description="the policy's name, levels and purposes")
    tables: dict[Identifier, TableSection] = Field({}, description="the catalog: tables by name")
    roles: dict[Subject, RoleSection] = Field({}, description="roles by name")
    principals: dict[Subject, PrincipalSection] = Field({}, description="principals by name")
    never: list[NeverSection] = Field([], description="invariants; a policy that breaks one does not load")
    expect: list[ExpectSection] = Field(
        [], description="unit tests of the policy; one that fails stops it from loading"
    )
    stores: StoresSection = Field(default_factory=StoresSection, description="settings for single kinds of stores")
