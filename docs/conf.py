"""The site, which `make docs` builds from the pages as they lie in the repository, without a network.

The source folder is the repository, so that a link from page to page is the same here and where the repository is
browsed.  What is built from the code itself (`site/commands.py`, `site/policy_format.py`) cannot drift from it.
"""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer

sys.path.insert(0, str(Path(__file__).parent / "site"))

project = "cfacl"
author = "the cfacl authors"
copyright = author  # noqa: A001  # Sphinx's name of it
release = version = version_of("cfacl")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "commands",
    "names",
    "policy_format",
]

root_doc = "docs/index"
include_patterns = ["*.md", "benchmarks/README.md", "docs/*.md", "docs/**/*.md"]
exclude_patterns = [".*", "cfacl", "mutants", "site", "tests", "docs/adr/0000-template.md"]

# ---------------------------------------------------------------------------------------------------- pages

myst_heading_anchors = 4
#: What stands in backticks in a docstring: a link where it is one of our names, and code otherwise (`site/names.py`).
default_role = "obj"
smartquotes = False  # what is typed is read as it is typed, `--help` and quotes too

# ------------------------------------------------------------------------------------------------ reference

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
python_use_unqualified_type_names = True
python_display_short_literal_types = True
python_maximum_signature_line_length = 100
nitpicky = True
#: Others have a reference of their own, which is not there to be looked at where there is no network.
nitpick_ignore_regex = [
    (
        "py:.*",
        r"(_pytest|collections\.abc|contextlib|datetime|logging|opentelemetry|os|pathlib|prometheus_client|ssl|typing)(\..*)?",
    )
]
#: Variables of types, names of one of several texts, and what is private.
nitpick_ignore = [
    ("py:class", name)
    for name in (
        "Action",
        "Kind",
        "cfacl.api.row.V",
        "cfacl.audit.prometheus._Told",
        "cfacl.testing.around.T",
        "cfacl.testing.conformance.suite.S",
    )
]

# -------------------------------------------------------------------------------------------------- looks

html_theme = "furo"  # its colours of code have the contrast that axe-core asks for; take no other style
html_title = f"cfacl {release}"
html_extra_path = ["site/index.html"]  # leads from the top to the first page
html_static_path = ["site/static"]
html_css_files = ["cfacl.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}


def setup(app: Any) -> None:
    """Show CSV as it is: the highlighter knows no such language, and would warn."""
    app.add_lexer("csv", TextLexer)
