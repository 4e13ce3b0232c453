"""Keeping the shipped corpus: its schema, the check that every article passes, and the report of what it covers."""
