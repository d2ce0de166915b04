"""Which source was measured."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
#: What a run writes, which changes nothing that it measures.
WRITTEN: Final = ("benchmarks/results.json", "docs/benchmarks.md", "docs/benchmarks")


def commit(root: Path = ROOT) -> str:
    """Return the commit of a tree, with ``-dirty`` behind it where the tree differs from it; `unknown` outside of git."""
    if not (root / ".git").exists():  # or it would be that of whoever keeps this tree in another one
        return "unknown"
    try:
        changed = _git(root, "status", "--porcelain", "--", ".", *(f":(exclude){each}" for each in WRITTEN))
        return _git(root, "rev-parse", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):  # no git here, or no commit yet
        return "unknown"


def _git(root: Path, *arguments: str) -> str:
    ran = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)  # noqa: S603, S607  # git, by its name
    return ran.stdout.strip()
