"""What the pages say is true: links lead somewhere, data parses, generated parts are current, words are covered."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from crossdock.assembly import connector_fields, read_charter
from crossdock.charter.examples import run_examples
from crossdock.charter.load import check
from crossdock.kit import registry
from crossdock.message import incident, states
from crossdock.model import register
from docs import generate
from tests.docs.commands import MISSING, existing, spoken_of
from tests.docs.pages import ROOT, Block, Page, matches, pages, steps

PAGES = pages()


def broken_links(page: Page) -> list[str]:
    """Links of a page that lead nowhere."""
    broken: list[str] = []
    for link in page.links:
        to, _, anchor = link.partition("#")
        path = (ROOT / page.path).parent / to
        if to and not path.exists():
            broken.append(link)
        elif anchor and (not to or path.suffix == ".md"):
            target = Page(to, path.read_text("utf-8")) if to else page
            broken += [] if anchor in target.anchors else [link]
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.path)
def test_every_link_leads_somewhere(page: Page) -> None:
    assert not broken_links(page)


def test_a_link_that_leads_nowhere_is_found() -> None:
    text = (
        "# A head\n[a](index.md) [b](no.md) [c](#a-head) [d](#no) [e](index.md#no) [f](https://example.org)\n"
    )
    assert broken_links(Page("docs/planted.md", text)) == ["no.md", "#no", "index.md#no"]


def faulty_json(page: Page) -> list[int]:
    """Lines at which a block that claims to be JSON is none."""
    wrong: list[int] = []
    for block in page.blocks:
        if block.language == "json":
            try:
                json.loads(block.text)
            except ValueError:
                wrong.append(block.line)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.path)
def test_every_json_block_is_json(page: Page) -> None:
    assert not faulty_json(page)


def test_a_json_block_that_is_none_is_found() -> None:
    assert faulty_json(Page("docs/planted.md", '```json\n{"a": 1}\n```\n\n```json\n{a: 1}\n```\n')) == [5]


CHARTERS = [(page, block) for page in PAGES for block in page.blocks if block.words.startswith("charter")]


def mistakes(site: Path) -> list[str]:
    """What the loader finds wrong with a site."""
    connectors = connector_fields(registry.connectors(site))
    return [str(found) for found in check(site, connectors=connectors, documents=register.kinds())]


def first_site(folder: Path, charter: str | None = None) -> Path:
    """A copy of the example site, with another charter if one is given."""
    site = folder / "site"
    shutil.copytree(ROOT / "examples/first-site", site)
    if charter is not None:
        (site / "charter.yaml").write_text(charter, "utf-8")
    return site


@pytest.mark.parametrize(("page", "block"), CHARTERS, ids=[f"{p.path}:{b.line}" for p, b in CHARTERS])
def test_every_charter_that_a_page_shows_is_one(page: Page, block: Block, tmp_path: Path) -> None:
    assert not mistakes(first_site(tmp_path, block.text)), page.path


def test_the_example_site_has_no_mistakes(tmp_path: Path) -> None:
    assert not mistakes(first_site(tmp_path))


def test_the_examples_of_the_example_site_hold(tmp_path: Path) -> None:
    site = first_site(tmp_path)
    ran, problems = run_examples(site, read_charter(site)[0])
    assert not problems
    assert ran
    assert not [one.differs for one in ran if one.differs]


def test_a_charter_with_a_mistake_is_found_with_its_line(tmp_path: Path) -> None:
    text = (ROOT / "examples/first-site/charter.yaml").read_text("utf-8")
    found = mistakes(first_site(tmp_path, text.replace("order_by:", "order_buy:")))
    assert [f for f in found if re.match(r"charter.yaml:\d+: .*order_buy.*order_by", f)], found


@pytest.mark.parametrize("page", [p for p in PAGES if "<!-- generated:" in p.text], ids=lambda p: p.path)
def test_generated_parts_are_as_the_code_says(page: Page) -> None:
    assert generate.renewed(page.text) == page.text, "run `make docs` and commit what it writes"


def test_a_stale_generated_part_is_found() -> None:
    page = (ROOT / "docs/reference/states.md").read_text("utf-8")
    stale = page.replace("committed, not yet translated", "something older")
    assert generate.renewed(stale) == page != stale


def test_every_incident_type_has_its_advice() -> None:
    text = (ROOT / "docs/reference/incidents.md").read_text("utf-8")
    assert set(re.findall(r"^### (\w+)$", text, re.MULTILINE)) == set(incident.TYPES)


def test_every_persisted_word_stands_in_the_reference() -> None:
    text = (ROOT / "docs/reference/states.md").read_text("utf-8")
    kinds = (states.CaptureState, states.MessageState, states.TransmissionState, states.EntryKind)
    words = {member.name.lower() for kind in kinds for member in kind}
    assert words <= set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE))


def test_every_variable_of_the_environment_is_described() -> None:
    described = set(
        re.findall(r"CROSSDOCK_[A-Z_]+", (ROOT / "docs/reference/environment.md").read_text("utf-8"))
    )
    read = {
        name
        for file in (ROOT / "src").rglob("*.py")
        for name in re.findall(r"[\"'](CROSSDOCK_[A-Z_]+)[\"']", file.read_text("utf-8"))
    }
    settings = (ROOT / "src/crossdock/settings.py").read_text("utf-8")
    read |= {f"CROSSDOCK_{name}" for name in re.findall(r'given\(\w+, "([A-Z_]+)"', settings)}
    assert {"CROSSDOCK_LISTEN", "CROSSDOCK_LEASE_S"} <= read
    assert read - {"CROSSDOCK_"} <= described


def test_every_route_stands_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "http-api.md").read_text("utf-8")
    text = "".join(file.read_text("utf-8") for file in (ROOT / "src" / "crossdock" / "api").glob("*.py"))
    routes = re.findall(r'@app\.(?:get|post|put|delete)\(\s*"(/v1/[^"]+)"', text)
    assert len(routes) > 30
    # Some pages name a part of the path in words of their own: {document} for {object}, [/{type}] for one more.
    spoken = re.sub(r"\{\w+\}", "{}", page.replace("[/{", "/{"))
    shown = {re.sub(r"\{\w+(?::path)?\}", "{}", route) for route in routes}
    assert sorted(route for route in shown if route not in spoken) == []


def test_a_command_listed_as_missing_is_missing() -> None:
    assert not MISSING & set(existing()), (
        "these exist now: take them out of MISSING, so that their pages are run"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.path)
def test_every_command_a_page_shows_exists_or_is_listed_as_missing(page: Page) -> None:
    groups = {words.split()[0] for words in {*existing(), *MISSING}}
    unknown = {c for c in spoken_of(page) if c not in existing() and c not in MISSING and c not in groups}
    assert not unknown


def test_every_command_stands_in_the_reference() -> None:
    text = (ROOT / "docs/reference/cli.md").read_text("utf-8")
    assert not {words for words in existing() if f"# crossdock {words}\n" not in text}


def test_console_blocks_are_taken_apart_and_compared_loosely() -> None:
    block = Block("console", "", "$ a\n1\n2\n$ b \\\n> c\n", 10)
    assert [(s.command, s.shown, s.line) for s in steps(block)] == [("a", "1\n2\n", 11), ("b \\\nc", "", 14)]
    assert matches("a ... c\n", "a b c")
    assert matches("...\nx\n...", "1\nx\n2\n")
    assert not matches("a", "a\nb")
    assert not matches("x...", "y")


def test_the_pages_are_there() -> None:
    paths = {page.path for page in PAGES}
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/tutorial/first-order.md"} <= paths
    assert all(Path(ROOT / path).stat().st_size > 100 for path in paths)


RECORDS = [page for page in PAGES if re.match(r"docs/why/\d{4}-", page.path)]


@pytest.mark.parametrize("page", RECORDS, ids=lambda p: p.path)
def test_a_decision_record_has_its_form_and_its_line_in_the_index(page: Page) -> None:
    index = (ROOT / "docs/why/README.md").read_text("utf-8")
    heads = re.findall(r"^## (.+)$", page.prose, re.MULTILINE)
    assert [head for head in heads if head != "Looked at and left"] == ["Context", "Choice", "Price"]
    title = page.text.splitlines()[0].removeprefix("# ")
    number, _, says = title.partition(" ")
    assert f"| [{number}]({Path(page.path).name}) | {says} |" in index


def test_decision_records_are_numbered_once() -> None:
    numbers = [int(Path(page.path).name[:4]) for page in RECORDS]
    assert len(set(numbers)) == len(numbers)


def test_the_partner_of_the_how_to_is_connected_by_what_the_page_shows(tmp_path: Path) -> None:
    text = (ROOT / "docs/how-to/connect-an-edi-partner.md").read_text("utf-8")
    profile, charter = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[:2]
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "harborlane.yaml").write_text(profile, "utf-8")
    head = "crossdock: 1\nsite: {name: trade, timezone: UTC, currency: USD}\n"
    (tmp_path / "charter.yaml").write_text(head + charter, "utf-8")
    assert mistakes(tmp_path) == []
