"""The pages of the documentation, taken apart: fenced blocks, links, headings and console steps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: the words after the fence, its text, and the line of the fence."""

    language: str
    words: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a console block and the output shown below it."""

    command: str
    shown: str
    line: int


@dataclass(frozen=True)
class Page:
    """One Markdown file, by its path from the root of the checkout."""

    path: str
    text: str

    @cached_property
    def blocks(self) -> list[Block]:
        """Its fenced blocks, in order."""
        found: list[Block] = []
        fence = re.compile(r"^```(\w*) ?(.*?)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
        for match in fence.finditer(self.text):
            line = self.text.count("\n", 0, match.start()) + 1
            found.append(Block(match.group(1), match.group(2), match.group(3), line))
        return found

    @cached_property
    def prose(self) -> str:
        """The page without its fenced blocks."""
        return re.sub(r"^```.*?^```$", "", self.text, flags=re.DOTALL | re.MULTILINE)

    @property
    def links(self) -> list[str]:
        """Where it leads, apart from the web."""
        return [to for to in re.findall(r"\]\(([^)\s]+)\)", self.prose) if "://" not in to]

    @property
    def anchors(self) -> set[str]:
        """What a link may point at inside the page, by GitHub's rule for headings."""
        heads = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}

    @property
    def steps(self) -> list[Step]:
        """What its console blocks type, in order; blocks marked `not-run` are left out."""
        return [
            step
            for block in self.blocks
            if block.language == "console" and "not-run" not in block.words
            for step in steps(block)
        ]

    @property
    def setup(self) -> str:
        """What must stand before its first step: the word after `setup=`, or nothing."""
        found = [m.group(1) for b in self.blocks if (m := re.search(r"setup=([\w-]+)", b.words))]
        return found[0] if found else ""


def steps(block: Block) -> list[Step]:
    """The commands of a console block; lines that start with `> ` continue the one above."""
    found: list[Step] = []
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if line.startswith("$ "):
            found.append(Step(line[2:], "", number))
        elif line.startswith("> ") and found and not found[-1].shown:
            found[-1] = Step(f"{found[-1].command}\n{line[2:]}", "", found[-1].line)
        else:
            assert found, f"output before the first command: {line!r}"
            found[-1] = Step(found[-1].command, f"{found[-1].shown}{line}\n", found[-1].line)
    return found


def matches(shown: str, got: str) -> bool:
    """Whether an output is the one shown; `...` stands for anything, and space at line ends does not count."""

    def tidy(text: str) -> str:
        return "\n".join(line.strip() for line in text.strip().splitlines())

    parts = [re.escape(part) for part in tidy(shown).split("...")]
    return re.fullmatch(".*".join(parts), tidy(got), re.DOTALL) is not None


def pages() -> list[Page]:
    """Every page of the project that a reader may meet."""
    paths = [
        *sorted(ROOT.glob("*.md")),
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "examples").rglob("*.md")),
    ]
    return [Page(p.relative_to(ROOT).as_posix(), p.read_text("utf-8")) for p in paths]
