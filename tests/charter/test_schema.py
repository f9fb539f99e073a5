"""The schema for editors: takes what `check` takes, and refuses a key that nobody knows."""

import json

import jsonschema
import pytest

from crossdock.charter.load import check
from crossdock.charter.schema import charter_schema
from crossdock.charter.sheet import read_sheet
from tests.charter.sites import CHARTER, CONNECTORS, DOCUMENTS, site

SCHEMA = charter_schema(CONNECTORS, DOCUMENTS)
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
ERP = "  erp: {connector: erp, url: 'https://x', auth: {type: session, user: u, secret: S}, database: d, share: 0.5}\n"
WHOLE = CHARTER.replace("objects:", f"{ERP}objects:")


def tree(text: str):
    entry = read_sheet(text, "charter.yaml", [])
    assert entry is not None
    return json.loads(json.dumps(entry.tree(), default=float))


def test_it_is_a_schema_that_programs_can_read():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize(
    "text", [CHARTER, WHOLE, CHARTER.replace("id: number", "id: number\n        version: null")]
)
def test_it_takes_what_the_check_takes(tmp_path, text):
    assert check(site(tmp_path, {"charter.yaml": text}), connectors=CONNECTORS, documents=DOCUMENTS) == []
    assert list(VALIDATOR.iter_errors(tree(text))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("currency: EUR", "curency: EUR"),
        ("connector: http", "connector: htp"),
        ("document: sales_order", "document: sale_order"),
        ("on_unclear: resend", "on_unclear: resent"),
        ("concurrency: 4", "concurrency: 0"),
        ("concurrency: 4", "concurrency: few"),
        ("done: [2xx]", "done: [2x]"),
        ("secret: WMS_TOKEN", "secret: s3cr3t token"),
        ("share: 0.5", "shares: 0.5"),
        ("crossdock: 1\n", ""),
        ("optional: [notes]", "optional: notes"),
        ("readers: [wms]", "readers: [{sistem: wms}]"),
    ],
)
def test_it_refuses_what_nobody_knows(old, new):
    assert old in WHOLE
    assert list(VALIDATOR.iter_errors(tree(WHOLE.replace(old, new))))
