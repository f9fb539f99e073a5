"""Our signatures and envelopes read by `openssl cms`, and those that it makes read by us."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from crossdock.transport.as2 import compression, envelope, mime, signature
from crossdock.transport.as2.outgoing import Outgoing, message_id, outgoing
from crossdock.transport.as2.profile import by_names
from crossdock.transport.as2.receiving import Opened, receive
from tests.transport.as2.parties import NOW, ORDER, THEM, US, chance, key_pem, ours, own, pem, pinned

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl on this machine")

ENTITY = mime.made((("Content-Type", "application/edi-x12"), ("Content-Transfer-Encoding", "binary")), ORDER)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """Keys and certificates of both sides as files."""
    folder = tmp_path_factory.mktemp("openssl")
    for name, kind in (("ours", "rsa"), ("theirs", "rsa"), ("curve", "ec")):
        (folder / f"{name}.pem").write_bytes(pem(own(name, kind=kind)))
        (folder / f"{name}.key").write_bytes(key_pem(own(name, kind=kind).key))
    return folder


def cms(folder: Path, *arguments: str, given: bytes) -> bytes:
    """What `openssl cms` makes of these bytes."""
    ran = subprocess.run(
        ["openssl", "cms", *arguments], cwd=folder, input=given, capture_output=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout


VERIFY = ("-verify", "-binary", "-inform", "DER", "-noverify", "-attime", str(int(NOW.timestamp())))


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize(
    ("name", "kind", "pss"), [("ours", "rsa", False), ("ours", "rsa", True), ("curve", "ec", False)]
)
def test_openssl_finds_our_signature_good(files, digest, name, kind, pss):
    der = signature.sign(ENTITY.raw, own(name, kind=kind), digest=digest, now=NOW, pss=pss)
    (files / "content").write_bytes(ENTITY.raw)
    verified = cms(files, *VERIFY, "-certfile", f"{name}.pem", "-content", "content", given=der)
    assert verified == ENTITY.raw


def test_openssl_finds_a_signature_bad_once_its_content_is_changed(files):
    der = signature.sign(ENTITY.raw, own("ours"), digest="sha256", now=NOW)
    (files / "changed").write_bytes(ENTITY.raw[:-1] + b"?")
    with pytest.raises(AssertionError, match="erification failure|digest"):
        cms(files, *VERIFY, "-certfile", "ours.pem", "-content", "changed", given=der)


@pytest.mark.parametrize("cipher", sorted(envelope.KEY_BYTES))
@pytest.mark.parametrize("oaep", [False, True])
def test_openssl_opens_our_envelope(files, cipher, oaep):
    der = envelope.encrypt(ENTITY.raw, pinned(own("theirs")), cipher=cipher, entropy=chance(), oaep=oaep)
    opened = cms(
        files,
        "-decrypt",
        "-inform",
        "DER",
        "-binary",
        "-recip",
        "theirs.pem",
        "-inkey",
        "theirs.key",
        given=der,
    )
    assert opened == ENTITY.raw


OPENSSL_CIPHERS = {
    "-aes-128-cbc": "aes128_cbc", "-aes-192-cbc": "aes192_cbc", "-aes-256-cbc": "aes256_cbc",
    "-aes-128-gcm": "aes128_gcm", "-aes-256-gcm": "aes256_gcm", "-des3": "3des",
}  # fmt: skip


@pytest.mark.parametrize("flag", sorted(OPENSSL_CIPHERS))
@pytest.mark.parametrize("extra", [(), ("-stream",), ("-keyid",), ("-keyopt", "rsa_padding_mode:oaep")],
                         ids=["plain", "stream", "keyid", "oaep"])  # fmt: skip
def test_we_open_an_envelope_of_openssl(files, flag, extra):
    how, options = (extra[:1], ()) if extra and extra[0] != "-keyopt" else ((), extra)
    der = cms(
        files,
        "-encrypt",
        "-binary",
        "-outform",
        "DER",
        flag,
        *how,
        "-recip",
        "ours.pem",
        *options,
        given=ENTITY.raw,
    )
    content, cipher = envelope.decrypt(der, [own("ours")], ciphers=frozenset(envelope.KEY_BYTES))
    assert (content, cipher) == (ENTITY.raw, OPENSSL_CIPHERS[flag])


@pytest.mark.parametrize(
    "extra",
    [
        (),
        ("-stream",),
        ("-keyid",),
        ("-noattr",),
        ("-nocerts",),
        ("-keyopt", "rsa_padding_mode:pss"),
        ("-nosmimecap",),
    ],
    ids=["plain", "stream", "keyid", "noattr", "nocerts", "pss", "nosmimecap"],
)
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_we_find_a_signature_of_openssl_good(files, extra, digest):
    der = cms(
        files, "-sign", "-binary", "-outform", "DER", "-md", digest, "-signer", "theirs.pem", "-inkey", "theirs.key",
        *extra, given=ENTITY.raw,
    )  # fmt: skip
    good = signature.verify(der, (ENTITY.raw,), [pinned(own("theirs"))], digests=frozenset({digest}), now=NOW)
    assert (good.fingerprint, good.digest) == (own("theirs").certificate.fingerprint, digest)


def from_openssl(files: Path, *, opaque: bool) -> dict[str, bytes | dict[str, str]]:
    """A whole message signed and encrypted by openssl: headers and body for our address."""
    sign = [
        "-sign",
        "-binary",
        "-md",
        "sha256",
        "-signer",
        "theirs.pem",
        "-inkey",
        "theirs.key",
        "-outform",
        "SMIME",
    ]
    signed = cms(files, *sign, *(["-nodetach"] if opaque else []), given=ENTITY.raw)
    sealed = cms(
        files, "-encrypt", "-binary", "-aes-256-cbc", "-outform", "DER", "-recip", "ours.pem", given=signed
    )
    headers = {
        "AS2-From": f'"{THEM}"', "AS2-To": US, "Message-ID": "<1@them>",
        "Content-Type": "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m",
    }  # fmt: skip
    return {"headers": headers, "body": sealed}


@pytest.mark.parametrize("opaque", [False, True], ids=["detached", "opaque"])
def test_we_open_a_whole_message_of_openssl(files, opaque):
    message = from_openssl(files, opaque=opaque)
    opened = receive(message["headers"], message["body"], by_names([ours()]), NOW)
    assert isinstance(opened, Opened), opened
    assert opened.document.content == ORDER
    assert opened.signed_by == own("theirs").certificate.fingerprint


def test_openssl_reads_a_whole_message_of_ours(files):
    document = ORDER.replace(b"\n", b"\r\n")  # its reader of MIME ends every line so
    message: Outgoing = outgoing(document, ours(), message_id=message_id("k", US), now=NOW, entropy=chance())
    inside = cms(
        files, "-decrypt", "-inform", "DER", "-binary", "-recip", "theirs.pem", "-inkey", "theirs.key",
        given=message.body,
    )  # fmt: skip
    entity = cms(files, "-verify", "-inform", "SMIME", "-noverify", "-certfile", "ours.pem", given=inside)
    assert entity.endswith(document)


def test_openssl_sees_our_compressed_structure_though_it_cannot_open_it():
    parsed = subprocess.run(
        ["openssl", "asn1parse", "-inform", "DER"],
        input=compression.compress(ENTITY.raw), capture_output=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    assert b"id-smime-ct-compressedData" in parsed
    assert b"zlib compression" in parsed
