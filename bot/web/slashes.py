"""Addresses of pages that somebody typed with a slash at their end."""

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

HOMES = ("/", "/staff/")  # pages whose own address ends so
PROGRAMS = "/gradio_api/"  # no pages


def without_slash(request: Request) -> Response | None:
    """The way to the same address without the slash; None where there is none to leave out.

    An address that begins with two is left alone: a browser would take the second for the beginning of another host.
    """
    path, query = request.url.path, request.url.query
    if request.method not in ("GET", "HEAD") or not path.endswith("/") or path.startswith("//"):
        return None
    if path in HOMES or PROGRAMS in path:
        return None
    return RedirectResponse(path.rstrip("/") + (f"?{query}" if query else ""), 307)
