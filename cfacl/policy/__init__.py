"""Authoring: documents, checks, differences, and the way into bits.  The cold path."""
