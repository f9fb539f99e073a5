"""Every mistake in a site: found before the hub starts, with file, line and what to write instead."""

import pytest

from crossdock.charter.load import check, load
from crossdock.faults import Misconfigured
from tests.charter.sites import CHARTER, CONNECTORS, DOCUMENTS, FILES, changed, site

#: (passage, what stands there instead, line, what is said, what to write instead)
IN_THE_CHARTER = [
    # the file itself
    ("crossdock: 1", "crossdock: 2", 1, "format 1 only", "write `crossdock: 1`"),
    ("crossdock: 1\n", "", 1, "crossdock: this key is missing", "add `crossdock`"),
    ("crossdock: 1", "crossdock: one", 1, "must be a whole number, not text", "digits without quotes"),
    ("id: number", "id: [number", 10, "no YAML", "brackets"),
    ("    connector: http\n    in:", "\tconnector: http\n    in:", 6, "no YAML", "tabs may not indent"),
    ("id: number", "id: number\n        id: other", 10, 'key "id" stands twice (first on line 9)', "keep one"),
    ("  shop:", "  shop: {connector: http}\n  shop:", 6, 'key "shop" stands twice', "keep one"),
    ("id: number", "id: *missing", 9, "no YAML: found undefined alias", ""),
    # keys
    ("currency: EUR", "curency: EUR", 2, "site.curency: this key is not known", "write currency"),
    ("order_by:", "orderby:", 10, "systems.shop.in[0].orderby: this key is not known", "write order_by"),
    ("concurrency: 4", "zzz: 4", 25, "limits.zzz: this key is not known", "a key is one of adapt"),
    ("network:", "networks:", 3, "networks: this key is not known", "write network"),
    ("{done:", "{dun: [201], done:", 24, "answers.dun: this key is not known", "write done"),
    ("        id: number\n", "", 8, "this key is missing: id", "add `id`"),
    ("        send: {method: POST, path: /orders}\n", "", 18, "this key is missing: send", "add `send:"),
    ("  - document: sales_order\n        id", "  - id", 8, "document: this key is missing", "add `document`"),
    ("connector: http\n    in:", "in:", 5, "systems.shop.connector: this key is missing", "add `connector`"),
    ("path: /orders", "", 19, "send.path: this key is missing", "add `path`"),
    ("{header: Idempotency-Key}", "{}", 22, "idempotency.header: this key is missing", "add `header`"),
    ("owner: shop, ", "", 27, "objects.sales_order.owner: this key is missing", "add `owner`"),
    ("objects:\n  sales_order: {owner: shop, readers: [wms]}\n", "", 1, "objects: this key is missing",
     "add `objects`"),
    # types
    ("site: {name: here, timezone: Europe/Amsterdam, currency: EUR}",
     "site: here", 2, "must be a mapping, not text", "key: value"),
    ("name: here", "name: 7", 2, "site.name: this must be text, not a whole number", 'such as "7"'),
    ("name: here", 'name: " "', 2, "must not be blank", "leave the key out"),
    ("concurrency: 4", 'concurrency: "4"', 25, "must be a whole number, not text", "without quotes"),
    ("concurrency: 4", "concurrency: 0", 25, "0 is too small", "at least 1"),
    ("concurrency: 4", "timeout_s: soon", 25, "must be a number, not text", "without quotes"),
    ("concurrency: 4", "timeout_s: -1", 25, "-1 is too small", "at least"),
    ("optional: [notes]", "optional: notes", 12, "must be a list, not text", "in brackets"),
    ("optional: [notes]", "optional: ['lines[0].x']", 12, "no dotted field path", "without indexes"),
    ("optional: [notes]", "ignore: ['sent at']", 12, "no dotted field path", "without indexes"),
    ("- document: sales_order\n        id", "document: sales_order\n        id", 9, "no YAML", ""),
    # words
    ("connector: http\n    in", "connector: htp\n    in", 6, 'there is no connector "htp"', "write http"),
    ("on_unclear: resend", "on_unclear: resent", 23, '"resent" is not known here', "write resend"),
    ("optional: [notes]", "on_change: replace", 12, '"replace" is not known here', "it is one of refuse, revise"),
    ("method: POST", "method: GET", 19, '"GET" is not known here', "one of DELETE"),
    ("type: bearer", "type: bear", 16, '"bear" is not known here', "write bearer"),
    ("document: sales_order\n        id",
     "document: sale_order\n        id", 8, 'no document "sale_order"', "write sales_order"),
    ("objects:\n", "objects:\n  itm: {owner: shop}\n", 27, 'no document "itm"', "write item"),
    ("objects:\n", "intake: {flood_share: 30}\nobjects:\n", 26, "30 is too large", "at most 1; 30 % is 0.3"),
    ("objects:\n", "intake: {flood_share: 0.001}\nobjects:\n", 26, "0.001 is too small", "at least 0.01"),
    # names between sections
    ("owner: shop", "owner: [shop, shop2]", 27, "the owner is one system", "`owner: shop` and `also: [shop2]`"),
    ("owner: shop", "owner: shopp", 27, 'no system "shopp"', "write shop"),
    ("readers: [wms]", "readers: [wsm]", 27, 'no system "wsm"', "write wms"),
    ("readers: [wms]", "readers: [{system: wms, after: erp}]", 27, '"erp" in `after` is no reader', "name a reader"),
    ("readers: [wms]", "readers: [{system: wms, after: wms}]", 27, "wms would wait for itself", "no `after`"),
    ("readers: [wms]", "readers: [wms, wms]", 27, "wms is named twice", "once"),
    ("readers: [wms]", "readers: [wms, shop]", 27, "shop owns it and needs no copy", "take it out"),
    ("readers: [wms]", "readers: [wms], fields: {price: erp}", 27, 'no system "erp"', "a system is one of"),
    ("owner: shop, readers: [wms]", "owner: wms, readers: [shop]", 27, "wms owns sales_order but sends none",
     "add `in:"),
    ("objects:\n", "objects:\n  item: {owner: shop, readers: [wms]}\n", 27, "wms is to get item but has no `out`",
     "add `out:"),
    ("  sales_order: {owner: shop, readers: [wms]}", "  {}", 8, "nobody is named as owner of sales_order",
     "to objects"),
    # zones, money, addresses, networks
    ("Europe/Amsterdam", "Europe/Amsterdm", 2, 'no time zone "Europe/Amsterdm"', "write Europe/Amsterdam"),
    ("Europe/Amsterdam", "Amsterdam", 2, 'no time zone "Amsterdam"', "write Europe/Amsterdam"),
    ("Europe/Amsterdam", "../etc/passwd", 2, "no time zone", ""),
    ("currency: EUR", "currency: eur", 2, '"eur" is no ISO 4217 currency', "write EUR"),
    ("currency: EUR", "currency: EUX", 2, "no ISO 4217 currency", "write EUR"),
    ("127.0.0.1/32", "127.0.0.1/8", 3, "is no network", "write 127.0.0.0/8"),
    ("127.0.0.1/32", "localhost", 3, "is no network", "10.1.0.0/16"),
    ('["127.0.0.1/32"]', "127.0.0.1/32", 3, "must be a list, not text", "in brackets"),
    ('["127.0.0.1/32"]', "[]", 15, "127.0.0.1 is a private address", 'network: {allow: ["127.0.0.1/32"]}'),
    ("http://127.0.0.1:9100", "'http://[::1]:9100'", 15, "::1 is a private address", 'allow: ["::1/128"]'),
    ("http://127.0.0.1:9100", "http://10.0.0.7", 15, "10.0.0.7 is a private address", '"10.0.0.7/32"'),
    ("http://127.0.0.1:9100", "127.0.0.1:9100", 15, "is no web address", "https://host"),
    ("http://127.0.0.1:9100", "ftp://example.com", 15, "is no web address", "https://host"),
    ("http://127.0.0.1:9100", "https://example.com/?x=1", 15, "has no ?", "path of the flow"),
    ("http://127.0.0.1:9100", "http://[::1", 15, "no web address", "https://host"),
    ("    url: http://127.0.0.1:9100\n", "", 13, "has no address", "add `url:"),
    # secrets
    ("WMS_TOKEN", "'s3cr3t token!'", 16, "name of a secret, never the secret itself", "CROSSDOCK_SECRET_"),
    ("WMS_TOKEN", "sk_live_51H8abcdef", 16, "name of a secret, never the secret itself", "change the secret"),
    ("http://127.0.0.1:9100", "http://me:pw@127.0.0.1:9100", 15, "must not hold a user or password", "`auth`"),
    (", secret: WMS_TOKEN", "", 16, "bearer needs `secret`", "add `secret`"),
    ("type: bearer, secret", "type: basic, secret", 16, "basic needs `user`", "add `user`"),
    ("type: bearer, secret", "type: session, user: x, secret", 16, "the connector http cannot use session", "bearer"),
    # flows
    ("        idempotency: {header: Idempotency-Key}\n", "", 22, "resend is safe only where", "add `idempotency:"),
    ("on_unclear: resend", "on_unclear: find", 23, "find needs the question", "add `find:"),
    ("on_unclear: resend", "on_unclear: find\n        find: {path: /orders}", 24, "names no document", "put {number}"),
    ("on_unclear: resend", 'find: {path: "/o/{number}", absent: [200]}', 23, "200 means both", "one of the lists"),
    ("on_unclear: resend", 'find: {path: "/o/{number}", absent: [4xx]}', 23, '"4xx" is no HTTP status', "such as 200"),
    ("path: /orders", "path: orders", 19, "no path of an address", "begin it with /"),
    ("header: Idempotency-Key", "header: Idempotency Key", 22, "no name of an HTTP header", "Idempotency-Key"),
    ("later: [429, 503]", "later: [429, 603]", 24, '"603" is no HTTP status', "200 or 2xx"),
    ("later: [429, 503]", "later: [2xx]", 24, "2xx is listed twice, as done as well", "one of the lists"),
    ("later: [429, 503]", "later: [503, 503]", 24, "503 is listed twice", "one of the lists"),
    ("{done: [2xx], later", "{later", 24, "answers.done: this key is missing", "add `done`"),
    ("idempotency:", "charset: asci\n        idempotency:", 22, 'no character set "asci"', "write ascii"),
    ("idempotency:", "lengths: {name: long}\n        idempotency:", 22, "must be a whole number", "digits"),
    ("their_id: id", "their_id: id.", 21, "no JSONata", "see behind"),
    ("order_by: customer.id", "order_by: customer id", 10, "no JSONata", "see behind"),
    ("  wms:\n    connector: http\n",
     "  wms:\n    connector: http\n    in: [{document: sales_order, id: a}, {document: sales_order, id: b}]\n",
     15, "there is a second flow for sales_order", "keep one"),
    # files
    ("map: mappings/in.jsonata", "map: mappings/inn.jsonata", 11, "there is no file mappings/inn.jsonata",
     "write mappings/in.jsonata"),
    ("map: mappings/in.jsonata", "map: in.jsonata", 11, "there is no file in.jsonata", "keep mappings in mappings/"),
    ("map: mappings/in.jsonata", "map: ../in.jsonata", 11, "leads out of the site", "a path inside it"),
    ("map: mappings/in.jsonata", "map: /etc/passwd", 11, "leads out of the site", "a path inside it"),
    ("optional: [notes]", "optional: [note]", 12, "mappings/in.jsonata writes no field note", "write notes"),
    # the rest
    ("objects:", "owners: {unknown_skew: x}\nobjects:", 26, 'no incident type "unknown_skew"', "write unknown_sku"),
    ("  shop:", "  shöp:", 5, "no name for a system", "letters, digits"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "line", "says", "fix"),
    IN_THE_CHARTER,
    ids=[f"{c[1][:40]!r} {c[3][:30]}" for c in IN_THE_CHARTER],
)
def test_a_mistake_in_the_charter_is_found_with_its_line(tmp_path, old, new, line, says, fix):
    problems = check(site(tmp_path, changed(old, new)), connectors=CONNECTORS, documents=DOCUMENTS)
    found = [p for p in problems if says in p.says and p.line == line and p.file == "charter.yaml"]
    assert found, [str(problem) for problem in problems]
    assert fix in found[0].fix
    assert str(found[0]).startswith(f"charter.yaml:{line}: ")


def erp(lines: str) -> dict[str, str]:
    text = f"  erp:\n    connector: erp\n{lines}objects:"
    return changed("objects:", text)


URL = "    url: https://erp.example.com\n"
AUTH = "    auth: {type: session, user: hub, secret: ERP}\n"
BASE = f"{URL}{AUTH}    database: main\n"

AT_A_CONNECTOR_THAT_KNOWS_ITS_DOCUMENTS = [
    (f"{URL}{AUTH}", 26, "systems.erp.database: this key is missing", "add `database`: Which database."),
    (f"{BASE}    databse: x\n", 31, "databse: this key is not known", "write database"),
    (f"{BASE}    page_size: many\n", 31, "must be a whole number", "digits"),
    (f"{BASE}    warehouses: a\n", 31, "must be a list", "brackets"),
    (f"{BASE}    with_drafts: yes\n", 31, "must be true or false, not text", "without quotes"),
    (f"{BASE}    share: no\n", 31, "must be a number", "digits"),
    (f"{BASE}    docs_url: here\n", 31, "no web address", "https://host"),
    (f"{BASE}    in: [{{document: invoice}}]\n", 31, "the connector erp has no invoice here", "a document is one of"),
    (f"{BASE}    in: [{{document: item, id: x}}]\n", 31, "the connector erp decides this itself", "leave it out"),
    (f"{BASE}    out: [{{document: shipment, send: {{path: /x}}}}]\n", 31, "decides this itself", "leave it out"),
    (f"{BASE}    out: [{{document: shipment, on_unclear: resend}}]\n", 31, "cannot settle by resend",
     "write find or person"),
    (f"{AUTH}    database: main\n", 26, "has no address", "add `url:"),
    (f"{URL}    database: main\n", 26, "cannot use none", "session"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "line", "says", "fix"), AT_A_CONNECTOR_THAT_KNOWS_ITS_DOCUMENTS)
def test_a_mistake_at_a_connector_is_found_with_its_line(tmp_path, lines, line, says, fix):
    problems = check(site(tmp_path, erp(lines)), connectors=CONNECTORS)
    found = [p for p in problems if says in p.says and p.line == line]
    assert found, [str(problem) for problem in problems]
    assert fix in found[0].fix


IN_OTHER_FILES = [
    ("mappings/in.jsonata", '{ "number": number,\n "x" 1 }\n', 2, "no JSONata", "see behind"),
    ("mappings/in.jsonata", '{ "number": number,\n "notes": $our("x", y) }\n', 2, "$our is no function", "write $ours"),
    ("mappings/in.jsonata", '{ "notes": 1,\n "m": $ours("ship_methods", m) }\n', 2, "no crosswalk ship_methods",
     "write ship_method"),
    ("mappings/unused.jsonata", "\n\n(", 3, "no JSONata", ""),
    ("crosswalks/ship_method.csv", None, 2, "there is no crosswalk ship_method", "make crosswalks/ship_method.csv"),
    ("crosswalks/ship_method.csv", "system,ours,theirs\n", 1, "the header is", "write `system,theirs,ours`"),
    ("crosswalks/ship_method.csv", "system,theirs,ours\nshop,EXP\n", 2, "three filled cells", "quotes"),
    ("crosswalks/ship_method.csv", FILES["crosswalks/ship_method.csv"] + "shop,EXP,other\n", 4,
     "two rows answer for EXP of shop (the other is line 2)", "keep one"),
    ("crosswalks/ship_method.csv", FILES["crosswalks/ship_method.csv"] + "shop,EXP,express\n", 4,
     "two rows answer for EXP of shop", "keep one"),
    ("crosswalks/ship_method.csv", FILES["crosswalks/ship_method.csv"] + "wms,UPS,express\n", 4,
     "two rows answer for our express towards wms", "keep one"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "text", "line", "says", "fix"), IN_OTHER_FILES)
def test_a_mistake_in_another_file_is_found_with_its_line(tmp_path, file, text, line, says, fix):
    problems = check(site(tmp_path, {file: text}), connectors=CONNECTORS, documents=DOCUMENTS)
    place = "mappings/in.jsonata" if text is None else file
    found = [p for p in problems if says in p.says and p.line == line and p.file == place]
    assert found, [str(problem) for problem in problems]
    assert fix in found[0].fix


@pytest.mark.parametrize(
    "files",
    [
        {"crosswalks/ship_method.csv": "system,theirs,ours\n"},
        {"crosswalks/ship_method.csv": FILES["crosswalks/ship_method.csv"] + "gone,UPS,express\n"},
        changed("concurrency: 4", "retry_max_s: 0.1"),
        changed("owner: shop, readers: [wms]", "owner: wms"),
        changed("objects:\n", "objects:\n  item: {owner: wms, readers: []}\n"),
    ],
)
def test_what_is_only_not_filled_yet_is_no_mistake(tmp_path, files):
    assert check(site(tmp_path, files), connectors=CONNECTORS, documents=DOCUMENTS) == []


def test_a_missing_charter_is_said_so(tmp_path):
    problems = check(tmp_path, connectors=CONNECTORS)
    assert [(p.file, p.says) for p in problems] == [("charter.yaml", "there is no such file")]
    assert "--site" in problems[0].fix


def test_an_empty_charter_is_said_so(tmp_path):
    problems = check(site(tmp_path, {"charter.yaml": "\n"}), connectors=CONNECTORS)
    assert [str(p) for p in problems] == ["charter.yaml:1: the file is empty; write `key: value` lines"]


def test_another_encoding_is_named_with_its_line(tmp_path):
    site(tmp_path)
    (tmp_path / "mappings/in.jsonata").write_bytes(b'{ "number": number,\n "city": "M\xfcnchen" }')
    problems = check(tmp_path, connectors=CONNECTORS)
    assert ("mappings/in.jsonata", 2, "this is not UTF-8") in [(p.file, p.line, p.says) for p in problems]


def test_all_mistakes_are_found_at_once_in_the_order_of_the_files(tmp_path):
    text = CHARTER.replace("EUR", "EUX").replace("on_unclear: resend", "on_unclear: guess")
    text = text.replace("owner: shop", "owner: ship")
    files = {"charter.yaml": text, "mappings/in.jsonata": "(", "crosswalks/ship_method.csv": "x\n"}
    problems = check(site(tmp_path, files), connectors=CONNECTORS)
    places = [(p.file, p.line) for p in problems]
    assert places == sorted(places, key=lambda place: (place[0] != "charter.yaml", *place))
    assert [line for file, line in places if file == "charter.yaml"] == [2, 23, 27]
    assert {file for file, _ in places} == {
        "charter.yaml",
        "mappings/in.jsonata",
        "crosswalks/ship_method.csv",
    }


def test_one_mistake_is_told_once(tmp_path):
    for change in (
        changed("their_id: id", "their_id: id."),
        changed("connector: http\n    in", "connector: htp\n    in"),
        {"mappings/in.jsonata": "("},
        {"crosswalks/ship_method.csv": "x\n"},
        changed("http://127.0.0.1:9100", "nowhere"),
        changed("WMS_TOKEN", "'s3cr3t token!'"),
        changed("owner: shop", "owner: shopp"),
        changed("readers: [wms]", "readers: [wsm]"),
    ):
        problems = check(site(tmp_path, change), connectors=CONNECTORS, documents=DOCUMENTS)
        assert len(problems) == 1, [str(p) for p in problems]


def test_several_owners_are_one_mistake(tmp_path):
    folder = site(tmp_path, changed("owner: shop", "owner: [shop, calm]"))
    assert len(check(folder, connectors=CONNECTORS, documents=DOCUMENTS)) == 1


def test_a_pasted_secret_is_never_repeated(tmp_path):
    for secret in ("s3cr3t token!", "sk_live_51H8abcdef"):
        problems = check(site(tmp_path, changed("WMS_TOKEN", f"'{secret}'")), connectors=CONNECTORS)
        assert problems
        assert all(secret not in f"{p} {p.value} {p.fix} {p.path}" for p in problems)
    problems = check(
        site(tmp_path, changed("http://127.0.0.1", "http://me:hunter2@127.0.0.1")), connectors=CONNECTORS
    )
    assert all("hunter2" not in str(p) for p in problems)


@pytest.mark.parametrize(
    "name", ["wms", "WMS_TOKEN", "wms-token.v2", "3PL", "erp_password", "shopify_key", "SK"]
)
def test_a_name_of_a_secret_is_taken(tmp_path, name):
    assert check(site(tmp_path, changed("WMS_TOKEN", f"'{name}'")), connectors=CONNECTORS) == []


PASTED = [
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "shpat_0a1b2c3d4e5f6a7b", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig",
    "AKIAIOSFODNN7EXAMPLE", "9f86d081884c7d659a2feaa0c55ad015", "Tr0ub4dor3xyz9", "4711471147", "pass word",
    "a" * 65, "p@ss",
]  # fmt: skip


@pytest.mark.parametrize("secret", PASTED)
def test_a_secret_in_place_of_its_name_is_refused_and_not_repeated(tmp_path, secret):
    problems = check(site(tmp_path, changed("WMS_TOKEN", f"'{secret}'")), connectors=CONNECTORS)
    assert [(p.file, p.line) for p in problems] == [("charter.yaml", 16)]
    assert secret not in f"{problems[0]} {problems[0].value}"


def test_a_site_with_mistakes_does_not_load(tmp_path):
    folder = site(tmp_path, changed("EUR", "EUX"))
    with pytest.raises(Misconfigured, match="no ISO 4217 currency") as refused:
        load(folder, connectors=CONNECTORS)
    assert (refused.value.file, refused.value.line, refused.value.path) == (
        "charter.yaml",
        2,
        "site.currency",
    )
    text = CHARTER.replace("EUR", "EUX").replace("bearer", "bear")
    with pytest.raises(Misconfigured, match="and 1 more"):
        load(site(tmp_path, {"charter.yaml": text}), connectors=CONNECTORS)


def test_without_a_list_of_documents_any_name_will_do(tmp_path):
    text = CHARTER.replace("sales_order", "anything")
    assert check(site(tmp_path, {"charter.yaml": text}), connectors=CONNECTORS) == []
    assert check(site(tmp_path, {"charter.yaml": text}), connectors=CONNECTORS, documents=DOCUMENTS)


def test_aliases_cannot_blow_the_file_up(tmp_path):
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for name, below in zip("bcdefgh", "abcdefg", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{below}'] * 9)}]\n"
    problems = check(site(tmp_path, {"charter.yaml": bomb}), connectors=CONNECTORS)
    assert "too large" in problems[0].says


def test_a_circle_of_aliases_ends(tmp_path):
    problems = check(
        site(tmp_path, {"charter.yaml": "crossdock: 1\nsystems: &a\n  b: *a\n"}), connectors=CONNECTORS
    )
    assert problems
