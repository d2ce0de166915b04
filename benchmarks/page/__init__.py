"""The page of a run: what was promised, what is listed, and the words for it."""
