"""What must not grow with the number of tables and of principals."""

from __future__ import annotations

from typing import Final

from benchmarks.page.figure import Figure, Part, Table

PART: Final = Part(
    "Growth",
    figures=(
        Figure(
            "1,000,000 principals over 1,000 sets of roles: kept of each once seen", "crowd.bytes", None, 200, unit="B"
        ),
        Figure("check with 1,000,000 principals seen ÷ with 1,000 seen", "crowd.check.all", "crowd.check.few", 1.2),
        Figure(
            "first decisions of the last of 1,000,000 principals ÷ of early ones",
            "crowd.first.late",
            "crowd.first.early",
            1.2,
        ),
        Figure("check with 10,000 tables in the policy ÷ with 10", "tables.10000", "tables.10", 1.2),
        Figure(
            "`customer.txt`, 10,021 users: from the file to a database that decides", "load.customer", None, 2, unit="s"
        ),
    ),
    tables=(
        Table(
            ("", ""),
            (
                ("check with 10 tables in the policy", "tables.10"),
                ("check with 100 tables", "tables.100"),
                ("check with 1,000 tables", "tables.1000"),
                ("check with 10,000 tables", "tables.10000"),
                ("check by the next of 1,000 sessions, 1,000 principals seen", "crowd.check.few"),
                ("check by the next of 1,000 sessions, 1,000,000 principals seen", "crowd.check.all"),
                ("first decision of a new principal, 10,000 seen", "crowd.first.early"),
                ("first decision of a new principal, nearly 1,000,000 seen", "crowd.first.late"),
                ("kept of a principal once seen", "crowd.bytes"),
                ("kept of a session that is held open", "crowd.bytes.session"),
                ("`customer.txt`: from the file to a database that decides", "load.customer"),
            ),
        ),
    ),
    rivals=(),
    optional={"load.customer": "`CFACL_ROLEMINING` named no folder with `customer.txt`"},
)
