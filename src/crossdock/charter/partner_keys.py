"""Every key that a partner profile may have: its type, its default and what it is for."""

from __future__ import annotations

from crossdock.charter.keys import Key, Type


def _keys(*keys: Key) -> dict[str, Key]:
    return {key.name: key for key in keys}


#: The tables by section name; "" is the top of a file in partners/.
PARTNER: dict[str, dict[str, Key]] = {
    "": _keys(
        Key("partner", Type.WHOLE, "Version of this format: 1.", required=True, least=1),
        Key("standard", Type.CHOICE, "The syntax.", required=True, choices=("x12", "edifact")),
        Key("us", Type.SECTION, "How we are named.", required=True, section="party"),
        Key("them", Type.SECTION, "How the partner is named.", required=True, section="party"),
        Key("version", Type.TEXT, "Version of the sets: 004010, D96A.", required=True),
        Key("envelope", Type.TEXT, "X12: ISA12, such as 00401. EDIFACT: level and syntax, such as UNOC:3."),
        Key("usage", Type.CHOICE, "Whether this is real: then what is marked as a test goes to the desk.",
            default="test", choices=("production", "test")),
        Key("delimiters", Type.SECTION, "The delimiters of what we send.", section="delimiters"),
        Key("charset", Type.CHOICE, "X12: the characters of what we send.", default="ascii",
            choices=("basic", "ascii", "latin-1", "utf-8")),
        Key("wants_ta1", Type.FLAG, "X12: whether our ISA14 asks for a TA1.", default=False),
        Key("documents", Type.SECTIONS, "What is exchanged.", required=True, section="document"),
        Key("acknowledge", Type.SECTION, "How both sides acknowledge.", section="acknowledge"),
        Key("items", Type.SECTION, "How items are named.", section="items"),
        Key("shipping", Type.SECTION, "What ship notices must hold.", section="shipping"),
        Key("deadlines", Type.SECTIONS, "Clocks beside the acknowledgements.", default=(), section="deadline"),
        Key("crosswalks", Type.TEXT_BY_NAME, "Tables for their codes: `ship_method`, `unit`, `reason`.", default={}),
        Key("transport", Type.SECTION, "How interchanges travel.", section="transport"),
        Key("contact", Type.TEXT, "Whom to call there."),
    ),
    "party": _keys(
        Key("id", Type.TEXT, "The id in the interchange.", required=True),
        Key("qualifier", Type.TEXT, "Its qualifier; X12: two characters.", default=None),
        Key("group", Type.TEXT, "The code in the group (GS), where it differs."),
    ),
    "delimiters": _keys(
        Key("element", Type.TEXT, "Between elements."),
        Key("component", Type.TEXT, "Between components."),
        Key("terminator", Type.TEXT, "After a segment."),
        Key("repetition", Type.TEXT, "Between repetitions."),
        Key("line_end", Type.CHOICE, "What follows each terminator.", default="none", choices=("none", "lf", "crlf")),
    ),
    "document": _keys(
        Key("set", Type.TEXT, 'Set or message: "850", ORDERS.', required=True),
        Key("direction", Type.CHOICE, "`in`: from the partner; `out`: to the partner.", required=True,
            choices=("in", "out")),
        Key("document", Type.DOCUMENT, "Our document; absent: what the set usually means."),
        Key("version", Type.TEXT, "Where this set has a version of its own."),
        Key("association", Type.TEXT, "EDIFACT: association code of UNH, such as EAN008."),
        Key("map", Type.FILE, "Mapping from our document to our document, for the partner's own habits."),
        Key("hierarchy", Type.CHOICE, "856: pack level or none.", default="SOPI", choices=("SOPI", "SOI")),
        Key("answer_within_h", Type.NUMBER, "Hours until it must be acknowledged.", least=0.01),
        Key("overlay", Type.TREE, "What the partner narrows or adds, over the standard."),
    ),
    "acknowledge": _keys(
        Key("form", Type.CHOICE, "What we answer with; absent: 997 or CONTRL.",
            choices=("997", "999", "CONTRL", "none")),
        Key("accept_with_errors", Type.FLAG, "Whether wrong elements alone are accepted (E).", default=False),
        Key("name_accepted", Type.FLAG, "Whether accepted sets are named too.", default=True),
        Key("ta1", Type.FLAG, "Whether a TA1 goes with it; absent: as ISA14 asks."),
        Key("expect", Type.FLAG, "Whether the partner acknowledges what we send.", default=True),
        Key("within_h", Type.NUMBER, "Hours until an acknowledgement is overdue.", default=24.0, least=0.001),
    ),
    "items": _keys(
        Key("qualifiers", Type.TEXTS, "Qualifiers of our item number, the best first."),
        Key("crosswalk", Type.TEXT, "Table of their item numbers."),
    ),
    "shipping": _keys(
        Key("sscc_required", Type.FLAG, "Whether every package must have its SSCC.", default=False),
        Key("sscc_prefix", Type.TEXT, "GS1 company prefix for SSCC that the hub gives out."),
        Key("sscc_extension", Type.TEXT, "Their first digit.", default="0"),
        Key("over_percent", Type.NUMBER, "How much more than ordered may be shipped.", default=0.0),
        Key("scac", Type.TEXT_BY_NAME, "Our carrier or ship method to SCAC.", default={}),
    ),
    "deadline": _keys(
        Key("set", Type.TEXT, "The set that must be there.", required=True),
        Key("after", Type.CHOICE, "The moment it is counted from.", required=True,
            choices=("shipped_at", "requested_at", "received_at")),
        Key("hours", Type.NUMBER, "Hours after it; below 0: before.", required=True, least=-10_000),
    ),
    "transport": _keys(
        Key("type", Type.CHOICE, "How.", required=True, choices=("folder", "sftp", "as2", "none")),
        Key("every_s", Type.SECONDS, "Pause between two looks into the inbox.", default=15.0, least=0.05),
        Key("root", Type.TEXT, "folder: where inbox and outbox begin, absolute or under the site."),
        Key("inbox", Type.TEXT, "Folder of files for us.", default="in"),
        Key("outbox", Type.TEXT, "Folder of files for the partner.", default="out"),
        Key("match", Type.TEXT, "Which files are for us.", default="*"),
        Key("marker", Type.TEXT, "Suffix of an empty file beside a whole one."),
        Key("settled_s", Type.NUMBER, "How long a file must not have changed.", default=0.0),
        Key("archive", Type.TEXT, "Where files go that were taken; absent: away."),
        Key("partial", Type.TEXT, "Name of a file while it is written.", default=".{name}.part"),
        Key("name", Type.TEXT, "Name of our files; {set}, {control} and {key} are filled in.",
            default="{set}-{key}.edi"),
        Key("host", Type.TEXT, "sftp: the server."),
        Key("port", Type.WHOLE, "sftp: its port.", default=22, least=1),
        Key("user", Type.TEXT, "sftp: the user."),
        Key("host_keys", Type.TEXTS, "sftp: the server's keys or fingerprints.", default=()),
        Key("key", Type.SECRET_NAME, "sftp: secret with our private key."),
        Key("passphrase", Type.SECRET_NAME, "sftp: secret with its passphrase."),
        Key("password", Type.SECRET_NAME, "sftp: secret with the password."),
        Key("url", Type.URL, "as2: where the partner takes messages."),
        Key("as2_us", Type.TEXT, "as2: our AS2 name."),
        Key("as2_them", Type.TEXT, "as2: the partner's AS2 name."),
        Key("our_keys", Type.TEXTS, "as2: names of secrets, each with a private key and its certificate.", default=()),
        Key("certificates", Type.TEXTS, "as2: the partner's certificates, files in partners/.", default=()),
        Key("sign", Type.TEXT, "as2: digest; `none` for unsigned.", default="sha256"),
        Key("encrypt", Type.TEXT, "as2: cipher; `none` for unencrypted.", default="aes256_cbc"),
        Key("compress", Type.CHOICE, "as2: when a document is compressed.", default="never",
            choices=("never", "before_signing", "after_signing")),
        Key("mdn", Type.CHOICE, "as2: which MDN we ask for.", default="sync", choices=("none", "sync", "async")),
        Key("mdn_signed", Type.FLAG, "as2: whether it must be signed.", default=True),
        Key("mdn_url", Type.URL, "as2: our own address, where asynchronous MDNs come."),
        Key("require_signed", Type.FLAG, "as2: whether unsigned messages are refused.", default=True),
        Key("require_encrypted", Type.FLAG, "as2: whether unencrypted messages are refused.", default=True),
        Key("legacy", Type.TEXTS, "as2: old algorithms that only this partner may use.", default=()),
        Key("mdn_hosts", Type.TEXTS, "as2: where else our MDNs may be posted.", default=()),
    ),
}  # fmt: skip

#: What each way of travelling needs besides its type.
TRANSPORT_NEEDS: dict[str, tuple[str, ...]] = {
    "folder": ("root",),
    "sftp": ("host", "user", "host_keys"),
    "as2": ("url", "as2_us", "as2_them"),
    "none": (),
}
