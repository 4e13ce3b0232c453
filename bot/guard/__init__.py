"""Visitor messages to a verdict. Knows red flags and nothing of retrieval."""
