"""What an editor shows beside a key: a value that it may have, for the JSON Schema."""

from __future__ import annotations

from typing import Any, Final

#: By the class of the table in `cfacl.policy.document.sections`, and the key.
EXAMPLES: Final[dict[str, dict[str, list[Any]]]] = {
    "Document": {
        "policy": [{"name": "smart-home", "purposes": ["service", "support"]}],
        "tables": [{"account": {"families": {"prof": {"level": "personal", "purposes": ["service"]}}}}],
        "roles": [{"support": {"clearance": "personal"}}],
        "principals": [{"maya": {"kind": "employee", "roles": ["support"]}}],
        "never": [[{"kinds": ["third_party"], "purposes": ["marketing.*"]}]],
        "expect": [[{"allowed": ["read account:prof"], "principal": "maya", "purpose": "support"}]],
        "stores": [{"cassandra": {"consistency": "LOCAL_QUORUM"}}],
    },
    "CassandraSection": {
        "require_tls": ["sensitive"],
        "consistency": ["LOCAL_QUORUM"],
        "tables": [{"account": {"layout": "row"}}],
    },
    "CassandraTableSection": {
        "layout": ["row"],
        "buckets": [64],
    },
    "ExpectSection": {
        "principal": ["maya"],
        "purpose": ["support"],
        "at": ["2026-12-01T00:00:00Z"],
        "allowed": [["read account:prof"]],
        "refused": [["read account:id", "write account:prof"]],
        "exact": [True],
    },
    "FamilySection": {
        "level": ["personal"],
        "purposes": [["service", "support"], []],
        "columns": [["name", "email"]],
        "versions": [3],
        "time_to_live": ["400d", "12h", "90s"],
    },
    "GrantSection": {
        "table": ["account"],
        "families": [["prof", "id"]],
        "at_or_below": ["internal"],
        "actions": [["read", "write"]],
        "purposes": [["support"]],
        "from": ["2027-01-01T00:00:00Z"],
        "until": ["2027-06-30T00:00:00Z"],
        "why": ["answers tickets"],
    },
    "HBaseSection": {
        "require_tls": ["sensitive"],
    },
    "HeldRole": {
        "role": ["support"],
        "from": ["2027-01-01T00:00:00Z"],
        "until": ["2027-06-30T00:00:00Z"],
    },
    "NeverSection": {
        "kinds": [["third_party"]],
        "principals": [["maya"]],
        "roles": [["marketing"]],
        "purposes": [["marketing.*"]],
        "levels": [["sealed"]],
        "tables": [["contact"]],
        "families": [["id"]],
        "actions": [["delete", "admin"]],
        "why": ["under investigation"],
    },
    "PolicySection": {
        "name": ["smart-home"],
        "levels": [["public", "internal", "secret"]],
        "purposes": [["service", "support", "marketing.first_party"]],
    },
    "PrincipalSection": {
        "kind": ["employee"],
        "roles": [["support", {"role": "fraud", "until": "2026-12-31T00:00:00Z"}]],
    },
    "RestrictionSection": {
        "table": ["account"],
        "families": [["id"]],
        "at_or_below": ["internal"],
        "actions": [["delete", "admin"]],
        "purposes": [["marketing.*"]],
        "from": ["2027-01-01T00:00:00Z"],
        "until": ["2027-06-30T00:00:00Z"],
        "why": ["under investigation"],
    },
    "RoleSection": {
        "clearance": ["personal"],
        "inherits": [["employee"]],
        "grants": [
            [
                {
                    "actions": ["read"],
                    "families": ["prof"],
                    "purposes": ["support"],
                    "table": "account",
                    "why": "answers tickets",
                }
            ]
        ],
        "restrictions": [[{"purposes": ["marketing.*"]}]],
    },
    "StoresSection": {
        "hbase": [{"require_tls": "sensitive"}],
        "cassandra": [{"consistency": "LOCAL_QUORUM"}],
    },
    "TableSection": {
        "families": [{"prof": {"level": "personal", "purposes": ["service"]}}],
    },
}
