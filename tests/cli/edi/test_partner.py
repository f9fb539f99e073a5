"""`crossdock edi partner`: what is guessed is sound or says what is missing, and neighbours are compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.console import crossdock
from tests.connectors.edi.trade import RETAILER, THREEPL, envelope, order

AS2 = """\
transport:
  type: as2
  url: https://partner.example/as2
  as2_us: PINE
  as2_them: HARBOR
  our_keys: [as2_key]
  certificates: [harbor.pem]
"""
ON_AS2 = RETAILER.partition("transport:")[0] + AS2


def profile(folder: Path, text: str, name: str = "one") -> Path:
    """A profile in partners/ of a site."""
    (folder / "partners").mkdir(exist_ok=True)
    path = folder / "partners" / f"{name}.yaml"
    path.write_text(text)
    return path


def check(*paths: Path) -> tuple[int, str]:
    """What the check says of profiles."""
    said = crossdock("edi", "partner", "check", *map(str, paths))
    return said.code, said.out


def test_a_profile_that_shares_a_place_with_a_neighbour_is_refused(tmp_path: Path) -> None:
    one, two = profile(tmp_path, RETAILER), profile(tmp_path, THREEPL.replace("/threepl", "/retailer"), "two")
    code, out = check(one, two)
    assert code == 1 and "the folder ROOT/retailer/in is that of" in out
    code, out = check(two)
    assert code == 1 and "two.yaml:1: the folder ROOT/retailer/in" in out, "its neighbour need not be named"
    assert check(profile(tmp_path, THREEPL, "two"), one)[0] == 0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("HARBORLANE, ", "PINECREST, ", "them.id: PINECREST is our own id too"),
        ("as2_us: PINE", "sign: nothing\n  as2_us: PINE", 'transport.sign: "nothing" is not known'),
        ("as2_us: PINE", "sign: sha1\n  as2_us: PINE", "list it under `legacy: [sha1]`"),
        ("as2_us: PINE", "encrypt: rot13\n  as2_us: PINE", 'transport.encrypt: "rot13" is not known'),
        ("as2_us: PINE", "legacy: [rc4]\n  as2_us: PINE", "transport.legacy: rc4 is no old algorithm"),
        ("as2_us: PINE", "mdn: async\n  as2_us: PINE", "transport.mdn: asynchronous MDNs need an address"),
        ("as2_us: PINE", "as2_us: HARBOR", "both sides have the same AS2 name"),
        ("  our_keys: [as2_key]\n", "", "transport.sign: this needs a key of ours"),
        ("  certificates: [harbor.pem]\n", "", "transport.encrypt: this needs a certificate of the partner"),
        ("  as2_us: PINE\n", "", "as2 needs `as2_us`"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_write(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert check(profile(tmp_path, ON_AS2)) == (0, "1 sound\n")
    assert old in ON_AS2
    code, out = check(profile(tmp_path, ON_AS2.replace(old, new)))
    assert code == 1 and says in out, out


def test_a_guess_is_sound(tmp_path: Path) -> None:
    (tmp_path / "a.edi").write_text(order())
    said = crossdock("edi", "partner", "new", str(tmp_path / "a.edi"))
    assert said.code == 0
    assert check(profile(tmp_path, said.out)) == (0, "1 sound\n")


def test_a_guess_that_is_not_sound_says_what_is_missing(tmp_path: Path) -> None:
    bill = "ST*810*0001~\nBIG*20260319*INV-1~\nSE*3*0001~\n"
    (tmp_path / "a.edi").write_text(envelope(bill, "IN", 7))
    said = crossdock("edi", "partner", "new", str(tmp_path / "a.edi"))
    assert said.code == 1 and said.out.startswith("# fill in: documents: nothing that the hub exchanges")
    assert "810 from the partner" in said.out
    assert check(profile(tmp_path, said.out))[0] == 1
    ours = crossdock("edi", "partner", "new", str(tmp_path / "a.edi"), "--us", "HARBORLANE")
    assert ours.code == 0 and check(profile(tmp_path, ours.out))[0] == 0


def test_an_id_that_stands_in_no_sample_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.edi").write_text(order())
    said = crossdock("edi", "partner", "new", str(tmp_path / "a.edi"), "--us", "NOBODY")
    assert said.code == 1 and said.out == ""
    assert "NOBODY is in none of the samples: they go from HARBORLANE to PINECREST" in said.err
