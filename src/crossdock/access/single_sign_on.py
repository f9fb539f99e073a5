"""Single sign-on with an OpenID Connect provider: authorization code with PKCE, and the checks of its tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import quote, urlencode, urlsplit

from crossdock.faults import Fault, InDoubt, Invalid, TryLater

if TYPE_CHECKING:  # read when somebody signs in that way: it is large, and most sites never need it
    from joserfc.jwk import GuestProtocol, Key, KeySet

#: Signatures that a provider may use; none that a shared secret makes, and not `none`.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
#: How long the provider's own description and keys are believed, and the pause before an unknown key is looked for.
_DESCRIBED_S, _KEYS_S, _LOOK_AGAIN_S = 3_600, 3_600, 30
#: How long a person may take at the provider, and how far its clock may be off.
STARTED_MAX_S, _LEEWAY_S = 600, 60
_TOKEN_MAX, _GROUPS_MAX, _TEXT_MAX = 65_536, 500, 200


class Answer(Protocol):
    """A complete HTTP answer."""

    status: int
    body: bytes


class Client(Protocol):
    """HTTP to one origin."""

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Any:
        """One request and its complete answer. Raises TryLater, InDoubt."""
        ...


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider, what it knows the hub by, and which of its groups gets which role."""

    issuer: str
    client_id: str
    roles: Mapping[str, str]  #: group -> role, in the order in which they count
    groups: str = "groups"  #: the claim that lists a person's groups
    name: str = "email"  #: the claim that the ledger calls a person by
    scope: str = "openid email profile"


@dataclass(frozen=True, slots=True)
class Started:
    """A sign-in that has begun: what the browser keeps, sealed, until it comes back."""

    state: str
    nonce: str
    verifier: str
    back: str  #: where the provider sends the browser
    next: str  #: the page that was wanted
    at_s: int

    def packed(self) -> bytes:
        """As it is sealed."""
        return json.dumps([getattr(self, name) for name in self.__slots__]).encode()

    @classmethod
    def unpacked(cls, data: bytes) -> Started:
        """From what was sealed."""
        return cls(*json.loads(data))


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for."""

    subject: str  #: issuer and subject: the same for ever
    name: str
    shown: str
    role: str


class SingleSignOn:
    """Sends people to the provider, and reads what comes back. Every check that fails is one and the same refusal."""

    def __init__(
        self, provider: Provider, secret: Callable[[], str] | None, client: Callable[[str], Client],
        now_s: Callable[[], float],
    ) -> None:  # fmt: skip
        """`client` gives HTTP to an origin such as https://idp.example.com; `secret` None: a public client."""
        self._provider = provider
        self._secret = secret
        self._make = client
        self._now_s = now_s
        self._clients: dict[str, Client] = {}
        self._described: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    # -- there -------------------------------------------------------------------

    async def begin(self, back: str, wanted: str) -> tuple[str, Started]:
        """The address to send the browser to, and what it keeps meanwhile. Raises TryLater, Invalid."""
        place = (await self._description())["authorization_endpoint"]
        started = Started(
            secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), back, wanted,
            int(self._now_s()),
        )  # fmt: skip
        challenge = base64.urlsafe_b64encode(hashlib.sha256(started.verifier.encode()).digest()).rstrip(b"=")
        asked = {
            "response_type": "code", "client_id": self._provider.client_id, "redirect_uri": back,
            "scope": self._provider.scope, "state": started.state, "nonce": started.nonce,
            "code_challenge": challenge.decode(), "code_challenge_method": "S256",
        }  # fmt: skip
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}", started

    # -- and back ----------------------------------------------------------------

    async def finish(self, started: Started, given: Mapping[str, str]) -> Vouched:
        """Whom the provider vouches for, from what the browser brings back. Raises Invalid, TryLater."""
        described = await self._description()
        if not hmac.compare_digest(given.get("state", "").encode(), started.state.encode()):
            raise refused("the answer belongs to another sign-in")
        if not 0 <= self._now_s() - started.at_s <= STARTED_MAX_S:
            raise refused("the sign-in took too long")
        if given.get("iss", described["issuer"]) != described["issuer"]:
            raise refused("the answer is another provider's")
        if "error" in given:
            raise refused(f"the provider refused it ({given['error'][:60]})")
        if not given.get("code"):
            raise refused("the provider gave no code")
        token = await self._token(described, started, given["code"])
        return self._vouched(await self._claims(described, token, started.nonce))

    async def _token(self, described: Mapping[str, Any], started: Started, code: str) -> str:
        asked = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": started.back,
            "client_id": self._provider.client_id, "code_verifier": started.verifier,
        }  # fmt: skip
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        if self._secret is not None:
            pair = f"{quote(self._provider.client_id, safe='')}:{quote(self._secret(), safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        tree = await self._tree("POST", described["token_endpoint"], urlencode(asked).encode(), headers)
        token = tree.get("id_token")
        if not isinstance(token, str) or len(token) > _TOKEN_MAX:
            raise refused("the provider gave no token")
        return token

    async def _claims(self, described: Mapping[str, Any], token: str, nonce: str) -> Mapping[str, Any]:
        """The claims of a token whose signature, issuer, audience, times and nonce are right. Raises Invalid."""
        claims = self._decoded(token, await self._key_set(described))
        if claims is None:
            claims = self._decoded(token, await self._key_set(described, again=True))
        if claims is None:
            raise refused("the token is signed with a key that the provider does not have")
        self._must_be_ours(claims, described["issuer"], nonce)
        return claims

    @staticmethod
    def _decoded(token: str, keys: KeySet) -> Mapping[str, Any] | None:
        """The claims of a token; None when it names a key that is not among these. Raises Invalid."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        def key(guest: GuestProtocol) -> Key:
            headers = guest.headers()
            found = [one for one in keys.keys if headers.get("kid") in (None, one.kid)]
            if not found or (len(found) > 1 and headers.get("kid") is None):
                raise _UnknownKey("the token names no key of the provider")
            return found[0]

        try:
            return jwt.decode(token, key, algorithms=ALGORITHMS).claims
        except _UnknownKey:
            return None
        except (JoseError, ValueError) as error:
            raise refused(f"the token is not signed as it must be ({type(error).__name__})") from None

    def _must_be_ours(self, claims: Mapping[str, Any], issuer: str, nonce: str) -> None:
        audience, now_s = claims.get("aud"), self._now_s()
        listed = cast("list[Any]", audience) if isinstance(audience, list) else [audience]
        ours = self._provider.client_id
        if claims.get("iss") != issuer:
            raise refused("the token is another provider's")
        if (
            ours not in listed
            or (len(listed) > 1 and claims.get("azp") != ours)
            or claims.get("azp", ours) != ours
        ):
            raise refused("the token is for somebody else")
        until_s, since_s = claims.get("exp"), claims.get("iat")
        if not isinstance(until_s, int | float) or now_s > until_s + _LEEWAY_S:
            raise refused("the token is too old")
        if (
            not isinstance(since_s, int | float)
            or since_s > now_s + _LEEWAY_S
            or now_s - since_s > STARTED_MAX_S
        ):
            raise refused("the token was not made just now")
        if not isinstance(claims.get("nonce"), str) or not hmac.compare_digest(claims["nonce"], nonce):
            raise refused("the token belongs to another sign-in")
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise refused("the token names nobody")

    def _vouched(self, claims: Mapping[str, Any]) -> Vouched:
        provider = self._provider
        listed = claims.get(provider.groups)
        groups = (
            {str(one) for one in cast("list[Any]", listed)[:_GROUPS_MAX]}
            if isinstance(listed, list)
            else {listed}
        )
        role = next((role for group, role in provider.roles.items() if group in groups), None)
        if role is None:
            says = "none of your groups may sign in here"
            raise Invalid(
                says, path="groups", fix="have an admin map a group of yours under single_sign_on.roles"
            )
        name = claims.get(provider.name)
        if (
            not isinstance(name, str)
            or not name
            or (provider.name == "email" and claims.get("email_verified") is False)
        ):
            raise refused(f"the provider says no {provider.name} that it has checked")
        shown = claims.get("name")
        return Vouched(
            f"{claims['iss']}|{claims['sub']}"[:_TEXT_MAX],
            name,
            shown if isinstance(shown, str) else "",
            role,
        )

    # -- what the provider says of itself ------------------------------------------

    async def _description(self) -> dict[str, Any]:
        known = self._described
        if known is not None and self._now_s() - known[0] < _DESCRIBED_S:
            return known[1]
        place = f"{self._provider.issuer}/.well-known/openid-configuration"
        tree = await self._tree("GET", place)
        issuer = tree.get("issuer")
        if not isinstance(issuer, str) or issuer.rstrip("/") != self._provider.issuer.rstrip("/"):
            raise refused("the provider calls itself something else than single_sign_on.issuer")
        scheme = urlsplit(issuer).scheme
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if urlsplit(str(tree.get(name))).scheme not in {"https", scheme}:
                raise refused(f"the provider names no {name} that can be trusted")
        self._described = (self._now_s(), tree)
        return tree

    async def _key_set(self, described: Mapping[str, Any], *, again: bool = False) -> KeySet:
        """The provider's keys; `again`: a token names one that is not among them, so they may have been rotated."""
        known, now_s = self._keys, self._now_s()
        if known is not None and now_s - known[0] < (_LOOK_AGAIN_S if again else _KEYS_S):
            if again:
                raise refused("the token is signed with a key that the provider does not have")
            return known[1]
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        tree = await self._tree("GET", described["jwks_uri"])
        try:
            keys = KeySet.import_key_set(cast("Any", tree))
        except (JoseError, ValueError, KeyError, TypeError):
            raise refused("the keys of the provider cannot be read") from None
        self._keys = (now_s, keys)
        return keys

    async def _tree(
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._clients:
            self._clients[origin] = self._make(origin)
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        try:
            answer: Answer = await self._clients[origin].send(method, path, body=body, headers=headers)
        except (TryLater, InDoubt) as error:
            raise TryLater("the provider does not answer", wait_s=10, fix="try again") from error
        try:
            tree = json.loads(answer.body) if answer.status < 400 else None
        except (ValueError, RecursionError):
            tree = None
        if not isinstance(tree, dict):
            raise refused(f"the provider answered {answer.status}")
        return cast("dict[str, Any]", tree)


class _UnknownKey(Exception):
    """A token names a key that is not known (yet)."""


def refused(why: str) -> Fault:
    """The refusal of a sign-in that did not go as it must."""
    return Invalid(f"the single sign-on did not work: {why}", path="single_sign_on", fix="begin anew")
