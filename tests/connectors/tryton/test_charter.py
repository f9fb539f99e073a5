"""What a charter may say about a Tryton."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from crossdock.assembly import read_charter
from crossdock.connectors.tryton.connector import CONNECTOR
from crossdock.connectors.tryton.settings import Settings
from crossdock.faults import Misconfigured
from tests.connectors.tryton.dialogue import tools_for

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "connect-tryton.md"


def test_the_charter_of_the_how_to_is_sound(tmp_path: Path) -> None:
    text = PAGE.read_text("utf-8").partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "charter.yaml").write_text(text, "utf-8")
    charter, _ = read_charter(tmp_path)
    assert charter.systems["erp"].auth.type == "session"
    assert Settings.of(tools_for(charter.systems["erp"])).database == "erp"


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({}, "database"),
        ({"database": ""}, "database"),
        ({"database": "erp", "overlap_s": -1}, "overlap_s"),
        ({"database": "erp", "page_rows": True}, "page_rows"),
        ({"database": "erp", "page_rows": 5_000}, "page_rows"),
        ({"database": "erp", "crosswalks": ["units"]}, "crosswalks"),
        ({"database": "erp", "crosswalks": "unit"}, "crosswalks"),
    ],
)
def test_a_wrong_option_is_named_with_what_to_write(options: dict[str, object], path: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        CONNECTOR.reader("item", tools_for(SimpleNamespace(options=options)))
    assert raised.value.path == path
    assert raised.value.fix


def test_a_cancellation_alone_is_refused() -> None:
    flow = SimpleNamespace(document="warehouse_order_cancel")
    system = SimpleNamespace(options={"database": "erp"}, flows_in=(flow,))
    with pytest.raises(Misconfigured, match="needs the release"):
        CONNECTOR.poller("warehouse_order_cancel", tools_for(system))
