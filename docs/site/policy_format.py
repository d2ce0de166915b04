"""The directive `policy-format`: the reference of policy documents, from the JSON Schema that ships."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Final

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

#: What a value of each kind is called.
_KINDS: Final = {"string": "text", "boolean": "`true` or `false`", "array": "a list"}


def reference() -> str:
    """Return the reference as Markdown: a heading for each section of a document, and its keys as a table."""
    schema = json.loads(files("cfacl").joinpath("policy/document/schema.json").read_text("utf-8"))
    return "\n".join(_Format(schema["$defs"]).section("", schema, listed=False))


class _Format:
    def __init__(self, sections: dict[str, Any]) -> None:
        self._sections = sections

    def section(self, path: str, section: dict[str, Any], *, listed: bool) -> Iterator[str]:
        """Yield what is said of a section, and of those within it; ``path``: how a document names it."""
        yield f"## `{f'[[{path}]]' if listed else f'[{path}]'}`\n" if path else "## The document\n"
        yield f"{section['description']}\n"
        yield "| key | value | |"
        yield "|---|---|---|"
        for key, value in section["properties"].items():
            yield f"| `{key}` | {self._kind(value)} | {self._said(key, value, section)} |"
        yield ""
        for key, value in section["properties"].items():
            inner, name, many = self._within(value)
            if inner is not None and inner != "HeldRole":  # an inline table, which the list's own line shows
                below = ".".join(filter(None, (path, key, name)))
                yield from self.section(below, self._sections[inner], listed=many)

    @staticmethod
    def _within(value: dict[str, Any]) -> tuple[str | None, str, bool]:
        """Return which section a value is, its name in the path, and whether there may be several, as a list."""
        named = isinstance(value.get("additionalProperties"), dict)
        many = "$ref" in value.get("items", {})
        holder = value["additionalProperties"] if named else value["items"] if many else value
        return holder.get("$ref", "").rpartition("/")[2] or None, "NAME" if named else "", many

    def _kind(self, value: dict[str, Any]) -> str:
        inner, name, many = self._within(value)
        if inner is not None:
            return "sections by name" if name else "a list of sections" if many else "a section"
        if "enum" in value:
            return ", ".join(f"`{each}`" for each in value["enum"])
        if value.get("format") == "date-time":
            return "a date-time with an offset"
        if value["type"] == "integer":
            return f"{value['minimum']:,} to {value['maximum']:,}"
        if "enum" in value.get("items", {}):
            return f"a list of {', '.join(f'`{each}`' for each in value['items']['enum'])}"
        return _KINDS[value["type"]]

    @staticmethod
    def _said(key: str, value: dict[str, Any], section: dict[str, Any]) -> str:
        if key in section.get("required", ()):
            return f"{value['description']}; **required**"
        if value.get("default"):
            return f"{value['description']}; left out: `{json.dumps(value['default'])}`"
        return str(value["description"])


class PolicyFormat(SphinxDirective):
    """Puts the reference of the policy's format where it stands."""

    def run(self) -> list[nodes.Node]:
        """Return it as parsed nodes."""
        return self.parse_text_to_nodes(reference(), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx."""
    app.add_directive("policy-format", PolicyFormat)
    return {"parallel_read_safe": True}
