"""`crossdock health`: whether the hub works, for whoever looks from outside."""

from __future__ import annotations

import json as json_
import urllib.error
import urllib.request
from typing import Annotated, Any

import typer

from crossdock.cli import options
from crossdock.cli.terminal import DONE, FOUND, console, print_json

_WAIT_S = 10.0
_BYTES_MAX = 100_000


def health(
    site: options.Site = None,
    url: options.Url = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Prints only what is wrong.")] = False,
    json: options.Json = False,
) -> None:
    """Says whether the hub works: it lives, its store takes commits, its work goes on.

    Exit status 0 while it does, else 1: for a timer, cron, or the health check of a container.
    """
    from crossdock.cli import whereabouts

    running = None if url is not None else whereabouts.running(options.settings(site, None))
    at = url or (running.url if running else None)
    found: dict[str, Any] = {"works": False, "url": at, "says": "no hub of this site runs on this machine"}
    if at is not None:
        says = _ails(at.rstrip("/"))
        found |= {"works": says is None, "says": says or "it works"}
    if json:
        print_json(found)
    elif not found["works"] or not quiet:
        console().print(f"{at or 'the hub'}: {found['says']}", highlight=False)
    raise typer.Exit(DONE if found["works"] else FOUND)


def _ails(url: str) -> str | None:
    """Why a hub does not work; None: it does."""
    for path in ("/healthz", "/readyz"):
        status, body = _asked(url + path)
        if status != 200:
            return _words(path, status, body)
    return None


def _asked(url: str) -> tuple[int, bytes]:
    """Status and body; 0 and why when nothing answers."""
    if not url.startswith(("http://", "https://")):
        return 0, b"an address begins with http:// or https://"
    try:
        with urllib.request.urlopen(url, timeout=_WAIT_S) as answer:  # noqa: S310 - looked at above
            return answer.status, answer.read(_BYTES_MAX)
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read(_BYTES_MAX)
    except (OSError, ValueError) as error:
        return 0, str(getattr(error, "reason", error)).encode()


def _words(path: str, status: int, body: bytes) -> str:
    if status == 0:
        return f"no answer: {body.decode('utf-8', 'replace')}"
    try:
        told: Any = json_.loads(body)
        return str(told["detail"] if "detail" in told else told["title"])
    except (ValueError, KeyError, TypeError):
        return f"{path} answered {status}"
