"""Tryton's JSON-RPC, spoken with the standard library alone."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import json
import urllib.error
import urllib.request
from decimal import Decimal
from typing import Any


class Refused(RuntimeError):
    """Tryton answered with an error; `kind` is its name of it, such as `UserError`."""

    def __init__(self, method: str, kind: str, says: str) -> None:
        super().__init__(f"{method}: {kind}: {says}")
        self.kind = kind
        self.says = says


class Erp:
    """A logged-in user of one Tryton database: `erp("sale.sale.create", [{...}])`."""

    def __init__(self, url: str, database: str, user: str, password: str, *, timeout_s: float = 120) -> None:
        self._endpoint = f"{url}/{database}/rpc/"
        self._timeout_s = timeout_s
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        uid, token = self._send("common.db.login", [user, {"password": password}])[:2]
        session = base64.b64encode(f"{user}:{uid}:{token}".encode()).decode()
        self._headers["Authorization"] = f"Session {session}"
        self.uid: int = uid
        self.context: dict[str, Any] = {"language": "en"}
        self.refresh_context()

    def refresh_context(self) -> None:
        """Takes company and other defaults from the user's preferences, as a Tryton client does."""
        preferences = self._send("model.res.user.get_preferences", [True, {}])
        self.context = {**preferences, "language": "en"}

    def __call__(self, method: str, *params: Any, **context: Any) -> Any:
        """The result of a model method; keywords go into the call's context. Raises Refused."""
        prefix = "" if method.startswith(("wizard.", "common.", "report.")) else "model."
        return self._send(prefix + method, [*params, {**self.context, **context}])

    def first_id(self, model: str, domain: list[Any], **context: Any) -> int:
        """The id of the first record that matches. Raises LookupError."""
        ids = self(f"{model}.search", domain, 0, 1, None, **context)
        if not ids:
            raise LookupError(f"no {model} matches {domain}")
        return ids[0]

    def rows(
        self, model: str, domain: list[Any], fields: list[str], order: Any = None
    ) -> list[dict[str, Any]]:
        """All matching records with the fields asked for."""
        return self(f"{model}.search_read", domain, 0, None, order, fields)

    def _send(self, method: str, params: list[Any]) -> Any:
        body = json.dumps({"id": 1, "method": method, "params": params}, default=_to_wire).encode()
        request = urllib.request.Request(self._endpoint, body, self._headers)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:
                raw = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(method, f"HTTP {error.code}", error.reason) from error
        # Tryton 8.2.1 calls long answers gzip even where they are plain.
        text = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
        answer_tree = json.loads(text, object_hook=_from_wire)
        if error := answer_tree.get("error"):
            kind, says = error[0], error[1] if len(error) > 1 else ""
            raise Refused(
                method, str(kind), says if isinstance(says, str) else " / ".join(map(str, says[:2]))
            )
        return answer_tree.get("result")


def _to_wire(value: object) -> object:
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case dt.datetime():
            parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
            return {"__class__": "datetime", **{part: getattr(value, part) for part in parts}}
        case dt.date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
        case _:
            raise TypeError(f"{type(value).__name__} has no place in a Tryton call")


def _from_wire(tree: dict[str, Any]) -> Any:
    parts = {name: part for name, part in tree.items() if name != "__class__"}
    match tree.get("__class__"):
        case "Decimal":
            return Decimal(tree["decimal"])
        case "datetime":
            return dt.datetime(**parts)
        case "date":
            return dt.date(**parts)
        case "timedelta":
            return dt.timedelta(seconds=tree["seconds"])
        case "bytes":
            return base64.b64decode(tree["base64"])
        case _:
            return tree
