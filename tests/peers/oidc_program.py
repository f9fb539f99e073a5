"""A small OpenID Connect provider as a program of its own, which can also be told to lie."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "crossdock", "a secret of the client & more"


class Provider:
    """Everybody is signed in already; who it is, and what is wrong with the token, is told by POST /tell."""

    def __init__(self) -> None:
        self.issuer = ""
        self.keys = [RSAKey.generate_key(2048, {"kid": "one"})]
        self.person: dict[str, Any] = {}
        self.lies: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked_keys = 0

    async def tell(self, request: web.Request) -> web.Response:
        told = await request.json()
        self.person, self.lies = told.get("person", self.person), told.get("lies", {})
        if told.get("rotate"):
            self.keys = [RSAKey.generate_key(2048, {"kid": told["rotate"]})]
        return web.json_response({"asked_keys": self.asked_keys})

    async def described(self, _: web.Request) -> web.Response:
        return web.json_response({
            "issuer": self.lies.get("issuer", self.issuer), "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys",
        })  # fmt: skip

    async def jwks(self, _: web.Request) -> web.Response:
        self.asked_keys += 1
        return web.json_response({"keys": [one.as_dict(private=False) for one in self.keys]})

    async def authorize(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        wanted = (CLIENT, "code", "S256")
        if (asked["client_id"], asked["response_type"], asked["code_challenge_method"]) != wanted:
            return web.Response(status=400)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.lies.get("iss_back", self.issuer)}
        if self.lies.get("denied"):
            back = {"error": "access_denied", "state": asked["state"]}
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode(back)}")

    async def token(self, request: web.Request) -> web.Response:
        given = dict(await request.post())
        asked = self.codes.pop(str(given["code"]), None)
        challenge = base64.urlsafe_b64encode(
            hashlib.sha256(str(given["code_verifier"]).encode()).digest()
        ).rstrip(b"=")
        from urllib.parse import unquote

        pair = base64.b64decode(request.headers["authorization"].split()[1]).decode().split(":")
        wanted = ["authorization_code", asked["redirect_uri"] if asked else "", CLIENT, SECRET]
        found = [given["grant_type"], given["redirect_uri"], *(unquote(one) for one in pair)]
        if asked is None or asked["code_challenge"] != challenge.decode() or found != wanted:
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.person,
            **self.lies.get("claims", {}),
        }  # fmt: skip
        return web.json_response(
            {"access_token": "x", "token_type": "Bearer", "id_token": self.signed(claims)}
        )

    def signed(self, claims: dict[str, Any]) -> str:
        key = self.keys[-1]
        match self.lies.get("signs"):
            case "none":
                parts = [{"alg": "none", "kid": key.kid}, claims]
                return (
                    ".".join(
                        base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts
                    )
                    + "."
                )
            case "with the public key as a secret":
                public = key.as_pem(private=False)
                return jwt.encode(
                    {"alg": "HS256", "kid": key.kid}, claims, OctKey.import_key(public), algorithms=["HS256"]
                )
            case "with the client's secret":
                return jwt.encode(
                    {"alg": "HS256", "kid": key.kid}, claims, OctKey.import_key(SECRET), algorithms=["HS256"]
                )
            case "with another key":
                other = RSAKey.generate_key(2048, {"kid": key.kid})
                return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, other)
            case "with an unknown key":
                other = RSAKey.generate_key(2048, {"kid": "nobody's"})
                return jwt.encode({"alg": "RS256", "kid": "nobody's"}, claims, other)
            case _:
                return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


def main() -> None:
    """Serves until it is ended; says its address when it listens."""
    provider, app = Provider(), web.Application()
    app.router.add_post("/tell", provider.tell)
    app.router.add_get("/.well-known/openid-configuration", provider.described)
    app.router.add_get("/keys", provider.jwks)
    app.router.add_get("/authorize", provider.authorize)
    app.router.add_post("/token", provider.token)

    async def serve() -> None:
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        provider.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
        print(json.dumps({"ready": True, "url": provider.issuer}), flush=True)
        await asyncio.Event().wait()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
