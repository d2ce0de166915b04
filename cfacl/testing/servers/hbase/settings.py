"""The configuration of each JVM, from `settings.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template
from xml.sax.saxutils import escape

__all__ = ["write"]


def write(folder: Path, sections: Iterable[str], **values: str | int) -> None:
    """Write the hbase-site.xml of a JVM; ``values`` are what the sections' dollars stand for."""
    known: Mapping[str, Mapping[str, str]] = tomllib.loads(Path(__file__).with_name("settings.toml").read_text("utf-8"))
    properties = {name: Template(text).substitute(values) for each in sections for name, text in known[each].items()}
    lines = [
        f"  <property><name>{name}</name><value>{escape(text)}</value></property>" for name, text in properties.items()
    ]
    folder.mkdir(parents=True, exist_ok=True)
    site = "\n".join(["<configuration>", *lines, "</configuration>", ""])
    (folder / "hbase-site.xml").write_text(site, "utf-8")
