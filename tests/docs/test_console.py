"""What the pages tell a reader to type works, and answers what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.commands import MISSING, spoken_of
from tests.docs.pages import Page, Step, pages
from tests.docs.shell import Shell

PAGES = {page.path: page for page in pages()}
TUTORIAL = PAGES["docs/tutorial/first-order.md"]
SETUPS = {
    "": [],
    "site": [Step("cp -r examples/first-site my-site", "", 0)],
    "running-site": [step for step in TUTORIAL.steps if not step.command.startswith("kill ")],
}
TYPED = [page for page in PAGES.values() if page.steps]
RUNNABLE = [
    page
    for page in TYPED
    if not MISSING & {*spoken_of(page), *(spoken_of(TUTORIAL) if page.setup == "running-site" else ())}
]


@pytest.mark.slow
@pytest.mark.parametrize("page", RUNNABLE, ids=lambda p: p.path)
def test_what_a_page_types_works_as_shown(page: Page, tmp_path: Path) -> None:
    with Shell(tmp_path) as shell:
        for step in [*SETUPS[page.setup], *page.steps]:
            shell.run(step)
    assert shell.bash.returncode == 0


def test_every_page_is_run_once_its_commands_exist() -> None:
    waiting = {page.path for page in TYPED} - {page.path for page in RUNNABLE}
    assert bool(waiting) <= bool(MISSING)


def page_of(*lines: str) -> Page:
    """A planted page with one console block."""
    return Page("docs/planted.md", "```console\n" + "\n".join(lines) + "\n```\n")


def test_a_page_that_shows_the_truth_passes(tmp_path: Path) -> None:
    page = page_of(
        "$ X=3; cd examples",
        "$ echo $X; ls -d first-*",
        "3",
        "first-...",
        "$ (sleep 0.1; echo late) &",
        "late",
    )
    with Shell(tmp_path) as shell:
        for step in page.steps:
            shell.run(step)
    assert shell.bash.returncode == 0


@pytest.mark.parametrize("lines", [["$ false"], ["$ echo 1", "2"], ["$ false | cat"], ["$ no-such-command"]])
def test_a_page_that_shows_an_untruth_fails(lines: list[str], tmp_path: Path) -> None:
    with Shell(tmp_path) as shell, pytest.raises(AssertionError, match="exit status|the page shows"):
        shell.run(page_of(*lines).steps[0])
