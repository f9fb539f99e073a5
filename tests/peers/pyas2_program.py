"""A program of its own that speaks AS2 with pyas2lib: one JSON request a line in, one JSON answer a line out.

It runs in an environment of its own, since that library's licence (GPL) is not ours; nothing here is
imported by the tests.
"""

import base64
import json
import sys

from pyas2lib.as2 import Mdn, Message, Organization, Partner

sent = {}


def data(text):
    return base64.b64decode(text)


def text(raw):
    return base64.b64encode(raw).decode()


def sides(asked):
    """The organization and the partner, as pyas2lib knows them."""
    organization = Organization(
        as2_name=asked["us"], sign_key=data(asked["key"]), sign_key_pass=None,
        decrypt_key=data(asked["key"]), decrypt_key_pass=None, mdn_url=asked.get("mdn_url"),
    )  # fmt: skip
    partner = Partner(
        as2_name=asked["them"], verify_cert=data(asked["certificate"]), encrypt_cert=data(asked["certificate"]),
        validate_certs=False, **asked.get("settings", {}),
    )  # fmt: skip
    return organization, partner


def raw(asked):
    """Headers and body as one stream of bytes."""
    head = "".join(f"{name}: {value}\r\n" for name, value in asked["headers"].items())
    return head.encode() + b"\r\n" + data(asked["body"])


def build(asked):
    organization, partner = sides(asked)
    message = Message(organization, partner)
    message.build(
        data(asked["document"]), filename=asked.get("filename"), content_type=asked["content_type"],
        disposition_notification_to="them@example.com",
    )  # fmt: skip
    sent[message.message_id] = message
    return {"headers": dict(message.headers), "body": text(message.content), "message_id": message.message_id}


def parse(asked):
    organization, partner = sides(asked)
    message = Message()
    status, (error, _), mdn = message.parse(
        raw(asked), find_org_cb=lambda _: organization, find_partner_cb=lambda _: partner
    )
    answer = {"status": status, "error": str(error) if error else "", "mdn": None}
    if not error:
        answer["document"] = text(message.content)
    if mdn is not None:
        answer["mdn"] = {"headers": dict(mdn.headers), "body": text(mdn.content), "url": mdn.mdn_url}
    return answer


def mdn(asked):
    status, detail = Mdn().parse(raw(asked), lambda message_id, _: sent.get(message_id))
    return {"status": status, "detail": detail}


ACTS = {"build": build, "parse": parse, "mdn": mdn}

for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = ACTS[asked["act"]](asked)
    except Exception as error:
        answer = {"failed": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
