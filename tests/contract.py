"""The shape of a Reply, as contract.md gives it to outside programs."""

from collections.abc import Mapping
from typing import Any

Fields = Mapping[str, type | tuple[type, ...]]

REPLY: Fields = {
    "id": str,
    "conversation_id": str,
    "route": str,
    "answer": str,
    "citations": list,
    "flags": list,
    "passages": list,
    "suggestions": list,
    "mode": str,
    "corpus_version": str,
    "settings_hash": str,
    "timings_ms": dict,
}
CITATION: Fields = {
    "number": int,
    "article": str,
    "title": str,
    "section": str,
    "quote": str,
    "start": int,
    "end": int,
    "url": str,
    "sources": list,
}
FLAG: Fields = {
    "id": str,
    "label": str,
    "route": str,
    "text": str,
    "start": int,
    "end": int,
    "turn": int,
    "found_by": str,
    "source": str,
}
PASSAGE: Fields = {
    "article": str,
    "title": str,
    "section": str,
    "text": str,
    "start": int,
    "end": int,
    "score": (int, float),
    "rank": int,
}


def check_fields(body: Any, fields: Fields) -> None:
    for name, kind in fields.items():
        assert isinstance(body[name], kind), f"{name}: {body[name]!r}"


def check_reply(body: Any) -> None:
    """Every field of contract.md, with its type."""
    check_fields(body, REPLY)
    assert body["route"] in ("answer", "caution", "professional", "emergency", "out_of_scope")
    for citation in body["citations"]:
        check_fields(citation, CITATION)
    for flag in body["flags"]:
        check_fields(flag, FLAG)
    for passage in body["passages"]:
        check_fields(passage, PASSAGE)
    assert all(isinstance(suggestion, str) for suggestion in body["suggestions"])
    assert {"guard", "retrieve", "answer", "total"} <= body["timings_ms"].keys()
