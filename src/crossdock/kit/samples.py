"""Recorded documents and dialogues of a connector, as files that a partner could read.

    samples/
      system.json                    what the charter would say: {"url": …, "options": {…}}
      crosswalks/NAME.csv            theirs,ours
      in/DOCUMENT/ANY.json           {"body": …, "expect": {…}}: what arrives, and the drafts it becomes
      out/DOCUMENT/ANY.json          {"job": …, "dialogue": […], "end": {…}, "find": {…}}
      poll/DOCUMENT/ANY.json         {"cursor": …, "dialogue": […], "pages": […]}

A body that is text stands for its own bytes; one that is a tree is sent as JSON.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec

from crossdock.faults import Misconfigured, Unmapped
from crossdock.kit.connector import Answer, Ask, Content, Exchange, Job, Read, Tools
from crossdock.kit.http import Response

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)

#: The clock of every sample: 2026-11-22T10:00:00Z.
SAMPLE_NOW_S = 1_795_341_600.0


@dataclass(frozen=True, slots=True)
class SampleSystem:
    """The system of the charter that samples are read and written for."""

    name: str = "sample"
    url: str | None = "https://sample.example"
    timezone: ZoneInfo | None = None
    options: Mapping[str, object] = field(default_factory=dict[str, object])

    def flow_in(self, document: str) -> None:
        """None: the connector's own flow holds."""

    def flow_out(self, document: str) -> None:
        """None: the connector's own flow holds."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One file."""

    document: str
    name: str
    tree: Mapping[str, Any]

    def content(self) -> Content:
        """What arrives."""
        kind = self.tree.get("content_type", "application/json")
        return Content(body_of(self.tree.get("body")), kind, self.tree.get("headers", {}))

    def job(self) -> Job:
        """The document on its way."""
        job = cast(Mapping[str, Any], self.tree["job"])
        return Job(
            document=self.document,
            tree=job["tree"],
            number=str(job.get("number") or job["tree"]["number"]),
            key=job.get("key", "t1.1"),
            their_id=job.get("their_id"),
            parent_ids=job.get("parent_ids", {}),
            settling=bool(job.get("settling", False)),
        )

    def dialogue(self) -> tuple[Exchange, ...]:
        """Requests and what was answered, in order."""
        return tuple(
            Exchange(ask_of(each["ask"]), answer_of(each["answer"])) for each in self.tree.get("dialogue", ())
        )


class Samples:
    """The sample files of one connector. Each call to `all_of` reads them anew, so none can be spoilt."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self, way: str, document: str) -> list[str]:
        """Names of the samples of one document; `way` is in, out or poll."""
        return sorted(path.stem for path in (self.folder / way / document).glob("*.json"))

    def documents(self, way: str) -> list[str]:
        """Documents that have samples, declared or not."""
        where = self.folder / way
        return sorted(path.name for path in where.iterdir() if path.is_dir()) if where.is_dir() else []

    def one(self, way: str, document: str, name: str) -> Sample:
        """One sample, fresh from its file. Raises Misconfigured."""
        return Sample(document, name, _read(self.folder / way / document / f"{name}.json"))

    def tools(self, system: object | None = None) -> Tools:
        """Fresh tools: the sample system (or another), the crosswalks beside the samples, a clock that stands."""
        used: list[Read] = []
        rows = {path.stem: _rows(path) for path in sorted((self.folder / "crosswalks").glob("*.csv"))}

        def look_up(by: str, want: str) -> Callable[[str, object], str]:
            def code(crosswalk: str, value: object) -> str:
                for row in rows.get(crosswalk, ()):
                    if row[by] == value:
                        used.append(Read(f"crosswalk {crosswalk}", "sample"))
                        return row[want]
                raise Unmapped(
                    f"{crosswalk} has no row for {value!r}", crosswalk=crosswalk, value=value, path=crosswalk,
                    fix="add a row to the crosswalk",
                )  # fmt: skip

            return code

        def reads() -> tuple[Read, ...]:
            taken = tuple(used)
            used.clear()
            return taken

        def file(name: str) -> str:
            return (self.folder / name).read_text(encoding="utf-8")

        found = system if system is not None else self._system()
        return Tools(
            found, look_up("theirs", "ours"), look_up("ours", "theirs"), file, lambda: SAMPLE_NOW_S, reads
        )

    def _system(self) -> SampleSystem:
        path = self.folder / "system.json"
        tree: Mapping[str, Any] = _read(path) if path.exists() else {}
        zone = tree.get("timezone")
        return SampleSystem(
            tree.get("name", "sample"),
            tree.get("url", "https://sample.example"),
            ZoneInfo(zone) if zone else None,
            tree.get("options", {}),
        )


class RecordedClient:
    """A client that gives recorded answers in their order, and notes what was asked."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = list(answers)
        self.asked: list[Ask] = []

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """The next recorded answer."""
        self.asked.append(Ask(method, path, body, dict(headers or {})))
        if not self._answers:
            raise AssertionError(f"the recording has no answer to {method} {path}: record one more exchange")
        answer = self._answers.pop(0)
        return Response(answer.status, answer.headers, answer.body)

    async def close(self) -> None:
        """Nothing to end."""


def body_of(body: object) -> bytes:
    """Bytes of a recorded body."""
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else _encoder.encode(body)


def ask_of(tree: Mapping[str, Any]) -> Ask:
    """A recorded request."""
    return Ask(
        tree["method"],
        tree["path"],
        body_of(tree.get("body")),
        tree.get("headers", {}),
        tree.get("safe", False),
    )


def answer_of(tree: Mapping[str, Any]) -> Answer:
    """A recorded answer."""
    return Answer(tree["status"], body_of(tree.get("body")), tree.get("headers", {}))


def _read(path: Path) -> Mapping[str, Any]:
    try:
        tree = cast(object, _decoder.decode(path.read_bytes()))
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Misconfigured(
            f"this sample cannot be read: {error}", file=str(path), fix="write one JSON object"
        ) from None
    if not isinstance(tree, dict):
        raise Misconfigured(
            "a sample is a JSON object", file=str(path), fix="see docs/how-to/write-a-connector.md"
        )
    return cast(Mapping[str, Any], tree)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
