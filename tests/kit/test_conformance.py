"""That a good connector meets every duty, and that a bad declaration or reader fails for its own reason."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from crossdock.faults import Invalid
from crossdock.kit import conformance
from crossdock.kit.connector import (
    Content,
    DocumentIn,
    DocumentOut,
    Facts,
    Field,
    Reading,
    Unclear,
)
from crossdock.kit.duties import GIVEAWAY
from tests.kit.bent_connector import Bent, Wrap, bent, lapses


def test_the_generated_connector_meets_every_duty(acme):
    connector, samples = acme
    assert lapses(connector, samples) == {}
    assert sum(1 for _ in conformance.checks(connector, samples=samples)) >= 20


def test_one_line_makes_a_class_of_tests(acme):
    connector, samples = acme
    made = conformance.suite(connector, samples=samples)
    tests = [name for name in vars(made) if name.startswith("test_")]
    assert "test_out_shipment_one_knows_every_status" in tests
    for name in tests:
        getattr(made(), name)()


@pytest.mark.parametrize(
    ("changes", "duty", "says"),
    [
        ({"kind": "Ac me"}, "declaration_is_complete", "kind"),
        ({"says": " "}, "declaration_is_complete", "lacks title or says"),
        ({"auth": ("magic",)}, "declaration_is_complete", "auth"),
        ({"fields": (Field("channel"),)}, "declaration_is_complete", "field channel does not say"),
        ({"fields": (Field("a", "text", says="x"),)}, "declaration_is_complete", "'text' is none of"),
        (
            {"documents_in": (DocumentIn("sales_ordr", Reading.PUSH),)},
            "declaration_is_complete",
            "no document that the hub knows",
        ),
    ],
)
def test_a_declaration_that_does_not_tell_fails(acme, changes, duty, says):
    connector, samples = acme
    assert says in lapses(bent(connector, **changes), samples)[duty]


def test_a_declared_document_without_a_reader_fails(acme):
    connector, samples = acme
    more = (*connector.declaration.documents_in, DocumentIn("item", Reading.PUSH))
    found = lapses(bent(connector, documents_in=more), samples)
    assert "the reader of item is declared, but cannot be had" in found["each_declared_document_has_its_part"]


def test_a_declared_document_without_a_sample_fails(acme, tmp_path):
    connector, samples = acme
    shutil.copytree(samples, tmp_path / "samples")
    shutil.rmtree(tmp_path / "samples" / "out")
    found = lapses(connector, tmp_path / "samples")
    assert list(found) == ["each_declared_document_has_a_sample"]
    assert "samples/out/shipment/ has no sample" in found["each_declared_document_has_a_sample"]


def test_a_reader_for_whatever_is_asked_fails(acme):
    connector, samples = acme
    loose = bent(connector)
    loose.reader = lambda document, tools: connector.reader("sales_order", tools)
    assert "nobody declared" in lapses(loose, samples)["each_declared_document_has_its_part"]


def test_a_writer_that_settles_otherwise_than_declared_fails(acme):
    connector, samples = acme
    found = lapses(
        bent(connector, documents_out=(DocumentOut("shipment", Unclear.RESEND, settle_s=5.0),)), samples
    )
    assert list(found) == ["each_declared_document_has_its_part"]


def test_a_poll_that_is_declared_needs_a_poller(acme):
    connector, samples = acme
    found = lapses(bent(connector, documents_in=(DocumentIn("sales_order", Reading.POLL),)), samples)
    assert "its poller is None" in found["each_declared_document_has_its_part"]


def reading(change: Callable[[Content, Any], Any], **acts: Any) -> Wrap:
    """Wraps a reader so that `change` gets the content and the true drafts."""
    return lambda one: Bent(one, read=lambda content: change(content, one.read(content)), **acts)


def test_a_reader_that_counts_fails_because_it_is_not_pure(acme):
    connector, samples = acme
    count = iter(range(1000))

    def counting(content: Content, drafts: Any) -> Any:
        return [replace(draft, tree={**draft.tree, "notes": f"n{next(count)}"}) for draft in drafts]

    found = lapses(bent(connector, reader=reading(counting)), samples)
    assert "read twice give two things" in found["reads_the_same_twice"]


def test_a_reader_that_spoils_the_decoded_tree_fails(acme):
    connector, samples = acme

    def spoiling(content: Content, drafts: Any) -> Any:
        if content.parsed is not None:
            content.parsed.pop("sent_at", None)
        return drafts

    found = lapses(bent(connector, reader=reading(spoiling)), samples)
    assert list(found) == ["reads_the_same_twice"]
    assert "changed the tree" in found["reads_the_same_twice"]


def test_a_reader_that_gives_no_valid_document_fails(acme, tmp_path):
    connector, samples = acme
    shutil.copytree(samples, tmp_path / "samples")
    path = tmp_path / "samples" / "in" / "sales_order" / "one.json"
    tree = json.loads(path.read_text())
    tree["expect"]["drafts"][0]["tree"]["lines"][0]["quantity"] = -2
    tree["body"]["items"][0]["qty"] = -2
    path.write_text(json.dumps(tree))
    found = lapses(connector, tmp_path / "samples")
    assert list(found) == ["is_read_as_expected"]
    assert "not a valid sales_order" in found["is_read_as_expected"]


def test_a_reader_that_invents_a_kind_fails(acme):
    connector, samples = acme
    inventing = reading(lambda content, drafts: [replace(draft, document="salesorder") for draft in drafts])
    assert "is_read_as_expected" in lapses(bent(connector, reader=inventing), samples)


def test_a_reader_that_says_another_id_fails(acme):
    connector, samples = acme
    other = bent(connector, reader=lambda one: Bent(one, facts=lambda content: Facts("A-0")))
    assert "id is 'A-0'" in lapses(other, samples)["is_read_as_expected"]


def test_a_reader_that_crashes_on_strange_content_fails(acme):
    connector, samples = acme

    def crashing(one: Any) -> Any:
        def read(content: Content) -> Any:
            json.loads(content.body)["items"][0]["article"].upper()
            return one.read(content)

        return Bent(one, read=read)

    found = lapses(bent(connector, reader=crashing), samples)
    assert list(found) == ["survives_broken_content"]
    assert "instead of a fault" in found["survives_broken_content"]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Invalid("no", path="", fix="mend it"), "has no path"),
        (Invalid("no", path="items"), "has no fix"),
        (Invalid(f"key {GIVEAWAY}", path="items", fix="mend it"), "repeats a secret"),
        (Invalid("no", path="items", fix="mend it", value="x" * 5000), "whole document"),
    ],
)
def test_a_reader_whose_faults_do_not_help_fails(acme, fault, says):
    connector, samples = acme

    def unhelpful(one: Any) -> Any:
        def read(content: Content) -> Any:
            try:
                return one.read(content)
            except Invalid:
                raise fault from None

        return Bent(one, read=read)

    assert says in lapses(bent(connector, reader=unhelpful), samples)["survives_broken_content"]


def test_a_reader_to_which_everything_is_the_same_fails(acme):
    connector, samples = acme
    found = lapses(bent(connector, reader=lambda one: Bent(one, same=lambda a, b: True)), samples)
    assert list(found) == ["says_what_is_the_same"]


def test_a_reader_to_which_nothing_is_the_same_fails(acme):
    connector, samples = acme
    found = lapses(bent(connector, reader=lambda one: Bent(one, same=lambda a, b: False)), samples)
    assert "not the same as itself" in found["says_what_is_the_same"]
