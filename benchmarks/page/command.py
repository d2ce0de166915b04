"""Whole processes."""

from __future__ import annotations

from typing import Final

from benchmarks.page.figure import Figure, Part, Table

PART: Final = Part(
    "The command",
    figures=(
        Figure("`import cfacl`, the whole process", "command.import", None, 100, unit="ms"),
        Figure(
            "`cfacl --help`, the whole process",
            "command.help",
            None,
            150,
            unit="ms",
            because="most of it is the start of Python and `import cfacl`, which are listed below, and the rest typer",
        ),
        Figure("`cfacl check` of the scenario, the whole process", "command.check", None, 400, unit="ms"),
        Figure(
            "`cfacl check` of 100,000 grants, the whole process: roles of grants alone",
            "command.check.plain",
            None,
            10,
            unit="s",
        ),
        Figure(
            "`cfacl check` of 100,000 grants, the whole process: roles that inherit, windows, `never` lines",
            "command.check.windows",
            None,
            10,
            unit="s",
        ),
        Figure(
            "`cfacl check` of 100,000 grants, the whole process: 10,000 people, each with another set of roles",
            "command.check.role_sets",
            None,
            10,
            unit="s",
        ),
        Figure(
            "`cfacl check` of 100,000 grants, the whole process: nearly as many findings",
            "command.check.findings",
            None,
            10,
            unit="s",
        ),
    ),
    tables=(
        Table(
            ("", "time"),
            (
                ("`import cfacl`", "command.import"),
                ("`cfacl --help`", "command.help"),
                ("`cfacl check` of the scenario", "command.check"),
                ("`cfacl check` of 100,000 grants: roles of grants alone", "command.check.plain"),
                (
                    "`cfacl check` of 100,000 grants: roles that inherit, windows, `never` lines",
                    "command.check.windows",
                ),
                (
                    "`cfacl check` of 100,000 grants: 10,000 people, each with another set of roles",
                    "command.check.role_sets",
                ),
                ("`cfacl check` of 100,000 grants: nearly as many findings", "command.check.findings"),
            ),
            above="CPU time of whole processes, the start of Python included.",
        ),
    ),
    rivals=(),
)
