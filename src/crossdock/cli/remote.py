"""A hub asked over HTTP, as the commands need it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, NoReturn, cast
from urllib.parse import SplitResult, urlsplit

import typer

from crossdock.cli.terminal import DONE, FOUND, MISUSED, complain, print_json, stop
from crossdock.formats.json import encode

_WAIT_S = 60.0
_ANSWER_MAX_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def tree(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Remote:
    """One hub at one address, spoken to with one key."""

    url: str
    key: str

    def offer(self, path: str, tree: Mapping[str, Any], wait_s: float) -> bool:
        """An act that has another way when the hub does not take it: whether it did, with 200."""
        parts = urlsplit(self.url)
        given = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            return self._exchange(parts, "POST", path, encode(tree), given, wait_s).status == 200
        except (OSError, HTTPException, ValueError):
            return False

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request, and its complete answer whatever the status. Ends the command when nobody answers."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            stop(f"{self.url!r} is no address of a hub", fix="write http://HOST:PORT", status=MISUSED)
        given = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        try:
            return self._exchange(parts, method, path, body, given, _WAIT_S)
        except (OSError, HTTPException, ValueError) as error:
            stop(f"{self.url} does not answer: {error}", fix="is the hub up, and is this its address?")

    @staticmethod
    def _exchange(
        parts: SplitResult, method: str, path: str, body: bytes, headers: Mapping[str, str], wait_s: float
    ) -> Answer:
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection: HTTPConnection = HTTPSConnection(parts.netloc, timeout=wait_s, context=context)
        else:
            connection = HTTPConnection(parts.netloc, timeout=wait_s)
        try:
            connection.request(method, parts.path.rstrip("/") + path, body or None, dict(headers))
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, named, answer.read(_ANSWER_MAX_BYTES))
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """The JSON of a reading request; None for 404. Ends the command at any other refusal."""
        answer = self.ask("GET", path)
        if answer.status == 404:
            return None
        if answer.status >= 400 or answer.tree is None:
            refuse(answer)
        return answer.tree

    def post(self, path: str, tree: Mapping[str, Any]) -> Answer:
        """An act. Ends the command when it is refused."""
        answer = self.ask("POST", path, encode(tree), {"Content-Type": "application/json"})
        if answer.status >= 300:
            refuse(answer)
        return answer


def refuse(answer: Answer) -> None:
    """Tells in words why a hub refused, and ends the command."""
    complain(*told(answer))
    raise typer.Exit(FOUND)


def waits(request: Mapping[str, Any], *, json: bool) -> NoReturn:
    """Tells that an act waits for another person, and ends the command."""
    if json:
        print_json(request)
    else:
        print(f"{request['id']}: {request['says']}")
        print(
            f"waits for somebody else until {request['until']}: crossdock approvals approve {request['id']}"
        )
    raise typer.Exit(DONE)


def told(answer: Answer) -> tuple[str, str, str]:
    """What a refusal says, where, and what to do instead."""
    tree = answer.tree
    problem: Mapping[str, Any] = cast("Mapping[str, Any]", tree) if isinstance(tree, dict) else {}
    incident = f" (incident {problem['incident']})" if problem.get("incident") else ""
    says = f"{problem.get('detail') or f'the hub answered {answer.status}'}{incident}"
    if answer.status == 401:
        return says, "", "give --key or CROSSDOCK_KEY; `crossdock keys create` makes one"
    path = str(problem.get("path") or "")
    place = "" if path == "body" else path  # all that was sent is no place to look at
    return says, place, str(problem.get("fix") or "")
