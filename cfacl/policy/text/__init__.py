"""A document's text as its author sees it: its lines, where a fault stands, its layout, and texts to begin with."""
