"""Pages that are followed from the top to the end: what they show is what happens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGES: Final = ["docs/tutorial.md", *sorted(f"docs/howto/{page.name}" for page in (DOCS / "howto").glob("*.md"))]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_page_can_be_followed(page: str, blocks_of: Callable[[str], Any], follower: Any) -> None:
    follower.follow(blocks_of(page))
    assert len(follower.done) > 2, "it shows nothing to do"
