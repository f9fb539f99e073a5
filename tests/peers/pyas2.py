"""The peer pyas2lib: a process in an environment of its own, spoken to in lines of JSON."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any, Self

from tests.peers.cache import NotToBeHadError, environment

PACKAGES = (
    "asn1crypto==1.5.1", "cffi==2.1.1", "cryptography==50.0.2", "oscrypto==1.3.0", "pyas2lib==1.4.4",
    "pycparser==3.12", "pyOpenSSL==26.4.0", "typing_extensions==4.16.0",
)  # fmt: skip
PROGRAM = Path(__file__).with_name("pyas2_program.py")


def _mend(environment: Path) -> None:
    """Lets oscrypto read versions of OpenSSL with two digits (`3.0.19`), which its pattern does not."""
    narrow, wide = r"\d\\.\\d\\.\\d[a-z]*", r"\d+\\.\\d+\\.\\d+[a-z]*"
    mended = 0
    for path in environment.glob("lib/python*/site-packages/oscrypto/_openssl/_libcrypto_c*.py"):
        source = path.read_text("utf-8")
        if narrow in source:
            path.write_text(source.replace(narrow, wide), "utf-8")
            mended += 1
    if not mended:
        raise NotToBeHadError("oscrypto is another than the one that is known here")


class Pyas2:
    """A running peer; usable as a context manager. Raises NotToBeHadError."""

    def __enter__(self) -> Self:
        python = environment("pyas2", PACKAGES, _mend)
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [str(python), str(PROGRAM)], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=10)

    def ask(self, act: str, **asked: Any) -> dict[str, Any]:
        """One request and its answer; bytes travel as base64 and come back as bytes."""
        assert self._process.stdin and self._process.stdout
        coded = {
            name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
            for name, value in asked.items()
        }
        self._process.stdin.write(json.dumps({"act": act, **coded}).encode() + b"\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "failed" not in answer, answer["failed"]
        return answer
