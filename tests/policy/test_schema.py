"""The JSON Schema that ships."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cfacl.policy
from cfacl.policy.schema import schema, schema_text

SHIPPED = Path(cfacl.policy.__file__).parent / "schema.json"


def test_the_shipped_schema_is_the_generated_one() -> None:
    """To renew it: ``python -c "from cfacl.policy.schema import *; print(schema_text(), end='')"``."""
    assert SHIPPED.read_text("utf-8") == schema_text()


def nodes(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        return [node, *(each for value in node.values() for each in nodes(value))]
    return [each for value in node for each in nodes(value)] if isinstance(node, list) else []


def test_every_key_is_described_and_no_table_takes_others() -> None:
    tables = [node for node in nodes(schema()) if isinstance(node.get("properties"), dict)]
    assert len(tables) == 15
    for table in tables:
        assert table["additionalProperties"] is False
        assert table["description"]
        for key, value in table["properties"].items():
            assert value["description"], key


def test_nothing_may_be_null_which_toml_cannot_say() -> None:
    assert "null" not in json.dumps(schema())


def test_a_grant_names_families_or_a_level_and_not_both() -> None:
    assert schema()["$defs"]["GrantSection"]["oneOf"] == [{"required": ["families"]}, {"required": ["at_or_below"]}]
    assert schema()["$defs"]["GrantSection"]["required"] == ["table", "actions", "purposes", "why"]


def test_importing_the_policy_does_not_import_pydantic() -> None:
    code = "import sys, cfacl, cfacl.policy, cfacl.policy.policy; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
