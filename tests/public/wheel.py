"""Run by `.ci/run` with the built wheel installed, from a folder that is not the repository."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import cfacl

SERVERS = [
    f"testing/servers/{name}"
    for name in (
        "java/Leash.java",
        "cassandra/logback.xml",
        "cassandra/pom.xml",
        "hbase/java/Operator.java",
        "hbase/log4j.properties",
        "hbase/pom.xml",
        "hbase/settings.toml",
    )
]

PAGES = [f"cli/pages/{name}" for name in ("page.html", "page.css", "grid.js", "sheet.js", "page.js")]

POLICY = """
policy = { name = "wheel", purposes = ["support"] }
tables.account.families.id = { level = "sensitive", purposes = ["support"] }
tables.account.families.prof = { level = "personal", purposes = ["support"] }
principals.maya = { kind = "employee", roles = ["support"] }
[roles.support]
clearance = "personal"
grants = [{ table = "account", families = ["prof"], actions = ["read", "write"], purposes = ["support"], why = "tickets" }]
"""


def main() -> None:
    """Read and be refused, on both stores, and run the command."""
    assert "site-packages" in cfacl.__file__, f"not the wheel: {cfacl.__file__}"
    for data in ("py.typed", "policy/document/schema.json", "cli/demo/smart_home.toml", *PAGES, *SERVERS):
        assert files(cfacl).joinpath(data).is_file(), f"{data} is not in the wheel"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "policy.toml")
        file.write_text(POLICY, "utf-8")
        for url in ("memory://", f"rocksdb://{folder}/data"):
            db = cfacl.connect(url, policy=file)
            db.create_tables()
            with db.session("maya", purpose="support") as session:
                account = session.table("account")
                account.put(b"u17", {b"prof:country": b"SG"})
                row = account.row(b"u17")
                assert dict(row) == {b"prof:country": b"SG"}, row
                assert row.withheld == {"id"}, row.withheld
                try:
                    account.row(b"u17", columns=[b"id"])
                except cfacl.AccessDenied:
                    pass
                else:
                    raise AssertionError("a denied family was read")
            db.close()
        command = str(Path(sys.executable).with_name("cfacl"))
        explain = [command, "explain", str(file), "maya", "read", "account:prof", "--purpose", "support"]
        subprocess.run(explain, check=True, stdout=subprocess.DEVNULL)
        page = subprocess.run([command, "matrix", str(file), "--html", "-"], check=True, capture_output=True).stdout
        assert page.startswith(b"<!doctype html>"), page[:80]
    print(f"cfacl {version('cfacl')} works from its wheel")


main()
