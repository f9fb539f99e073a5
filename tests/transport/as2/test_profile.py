"""Profiles that cannot work are refused when they are read; certificates are watched before they end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crossdock.charter import partner_carriage
from crossdock.faults import Invalid, Misconfigured
from crossdock.transport.as2.certificates import Standing, certificates_of, in_use, own_key
from crossdock.transport.as2.outgoing import message_id, outgoing, quoted, unquoted
from crossdock.transport.as2.profile import (
    CIPHERS,
    DIGESTS,
    LEGACY_CIPHERS,
    LEGACY_DIGESTS,
    MdnMode,
    by_names,
    certificate_calendar,
)
from tests.transport.as2.parties import NOW, ORDER, THEM, US, chance, key_pem, ours, own, pem, pinned

WRONG = [
    ({"us": ""}, "us", "1 to 128"),
    ({"us": "Ünser"}, "us", "1 to 128"),
    ({"them": "a\r\nb"}, "them", "1 to 128"),
    ({"us": " Crossdock"}, "us", "1 to 128"),
    ({"us": THEM}, "them", "same AS2 name"),
    ({"sign": "sha1"}, "sign", "not among"),
    ({"sign": "rot13"}, "sign", "not among"),
    ({"encrypt": "3des"}, "encrypt", "not among"),
    ({"legacy": frozenset({"des"})}, "legacy", "no old algorithm"),
    ({"keys": ()}, "keys", "without a key"),
    ({"keys": (), "sign": ""}, "keys", "nothing encrypted can be opened"),
    ({"certificates": ()}, "certificates", "without the partner's certificate"),
    ({"certificates": (), "encrypt": ""}, "certificates", "no signature can be checked"),
    ({"mdn": MdnMode.ASYNC}, "mdn_url", "address"),
]


@pytest.mark.parametrize(("settings", "path", "word"), WRONG, ids=[str(list(one[0])) for one in WRONG])
def test_a_profile_that_cannot_work_names_the_setting_and_the_fix(settings, path, word):
    with pytest.raises(Misconfigured, match=word) as wrong:
        ours(**settings)
    assert wrong.value.path == path
    assert wrong.value.fix


def test_a_plain_partner_needs_neither_keys_nor_certificates():
    plain = ours(
        sign="", encrypt="", keys=(), certificates=(), mdn_signed=False, require_signed=False,
        require_encrypted=False,
    )  # fmt: skip
    message = outgoing(ORDER, plain, message_id=message_id("k", US), now=NOW, entropy=chance())
    assert message.body == ORDER


def test_the_same_pair_twice_is_refused():
    with pytest.raises(Misconfigured, match="twice"):
        by_names([ours(), ours(url="https://other.test")])


@pytest.mark.parametrize(
    ("key", "certificate", "password", "word"),
    [
        (b"nonsense", None, None, "cannot be read"),
        (None, b"nonsense", None, "no certificate"),
        (None, None, b"a password", "cannot be read"),
        (None, "stranger", None, "another private key"),
    ],
    ids=["key", "certificate", "password", "pair"],
)
def test_a_key_that_does_not_fit_is_refused_without_showing_it(key, certificate, password, word):
    certificate = pem(own("a stranger")) if certificate == "stranger" else certificate or pem(own("ours"))
    with pytest.raises(Misconfigured, match=word) as wrong:
        own_key(key or key_pem(own("ours").key), certificate, password=password)
    assert "PRIVATE" not in str(wrong.value)
    assert repr(own("ours")) == f"OwnKey({own('ours').certificate.fingerprint})"


def test_certificates_are_read_from_pem_with_several_and_from_der():
    both = pem(own("ours")) + pem(own("theirs"))
    assert [one.fingerprint for one in certificates_of(both)] == [
        own("ours").certificate.fingerprint,
        own("theirs").certificate.fingerprint,
    ]
    assert certificates_of(own("ours").certificate.der)[0].fingerprint == own("ours").certificate.fingerprint
    with pytest.raises(Misconfigured, match="33 certificates"):
        certificates_of(pem(own("ours")) * 33)


def test_the_certificate_in_use_changes_on_its_day():
    old = pinned(own("theirs", ends_days=30))
    new = pinned(own("theirs, new", begins_days=-5, ends_days=900, use_days=10))
    mine = ours(certificates=(old, new))
    assert mine.encryption_certificate(NOW) is old
    assert mine.encryption_certificate(NOW + timedelta(days=11)) is new
    assert mine.encryption_certificate(NOW + timedelta(days=31)) is new
    assert mine.encryption_certificate(NOW + timedelta(days=901)) is None
    assert in_use((), NOW) is None


def test_a_certificate_that_was_only_added_is_used_when_the_old_one_ends():
    old, new = pinned(own("theirs", ends_days=30)), pinned(own("theirs, new", begins_days=-5, ends_days=900))
    for certificates in ((old, new), (new, old)):
        assert in_use(certificates, NOW) is old
        assert in_use(certificates, NOW + timedelta(days=31)) is new


def test_nothing_leaves_under_a_certificate_that_is_not_valid():
    ended = own("ours, ended", begins_days=-90, ends_days=-1)
    for settings, whose in (({"keys": (ended,)}, US), ({"certificates": (pinned(ended),)}, THEM)):
        with pytest.raises(Misconfigured, match=f"no certificate of {whose} is valid"):
            outgoing(ORDER, ours(**settings), message_id=message_id("k", US), now=NOW, entropy=chance())


def test_an_elliptic_certificate_cannot_be_encrypted_to():
    with pytest.raises(Misconfigured, match="only RSA"):
        outgoing(
            ORDER, ours(encryption_certificates=(pinned(own("curve", kind="ec")),)),
            message_id=message_id("k", US), now=NOW, entropy=chance(),
        )  # fmt: skip


def test_the_calendar_lists_every_certificate_once_the_first_to_end_first():
    ended = pinned(own("ended", begins_days=-90, ends_days=-2))
    soon = pinned(own("soon", ends_days=20))
    later = pinned(own("later", begins_days=10, ends_days=800))
    one = ours(certificates=(soon, later, ended))
    days = certificate_calendar([one, replace(one, us="Crossdock 2")], NOW)
    assert [(day.whose, day.ours, day.standing, day.days_left, day.followed) for day in days] == [
        (THEM, False, Standing.EXPIRED, -2, True),
        (THEM, False, Standing.SOON, 20, True),
        (US, True, Standing.VALID, 300, False),
        ("Crossdock 2", True, Standing.VALID, 300, False),
        (THEM, False, Standing.NOT_YET, 800, False),
    ]
    assert certificate_calendar([one], NOW, warn_days=10)[1].standing is Standing.VALID


WORDS = [
    ({"message_id": "no brackets"}, "message_id"),
    ({"message_id": "<a b@c>"}, "message_id"),
    ({"message_id": f"<{'x' * 255}@c>"}, "message_id"),
    ({"content_type": "application"}, "content_type"),
    ({"content_type": "a/b\r\nX: y"}, "content_type"),
    ({"filename": "a\r\nb"}, "filename"),
    ({"subject": "a\nb"}, "subject"),
    ({"subject": "ü"}, "subject"),
]


@pytest.mark.parametrize(("words", "path"), WORDS, ids=[str(one[0])[:30] for one in WORDS])
def test_words_that_would_break_a_header_are_refused(words, path):
    with pytest.raises(Invalid) as invalid:
        outgoing(ORDER, ours(), **{"message_id": "<a@b>", "now": NOW, "entropy": chance(), **words})
    assert invalid.value.path == path


@pytest.mark.parametrize("name", ["plain", "with space", 'with "quotes"', "back\\slash", '"'])
def test_an_as2_name_comes_back_from_its_header(name):
    assert unquoted(quoted(name)) == name


def test_a_message_id_is_the_same_for_the_same_transmission():
    assert message_id("t-1", US) == message_id("t-1", US) != message_id("t-2", US)
    assert message_id("t-1", "!!!").endswith("@crossdock>")


def test_a_charter_knows_the_algorithms_that_the_transport_knows() -> None:
    assert (partner_carriage.DIGESTS, partner_carriage.CIPHERS) == (DIGESTS, CIPHERS)
    assert partner_carriage.LEGACY_DIGESTS == LEGACY_DIGESTS
    assert partner_carriage.LEGACY_CIPHERS == LEGACY_CIPHERS
