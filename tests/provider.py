"""A small OpenID Connect provider: discovery, code flow with PKCE, signed ID tokens. It logs in one account."""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "console", "a secret of the console"


@dataclass
class Provider:
    """What the next account that logs in is like, and what is wrong with its token."""

    account: dict[str, object] = field(default_factory=lambda: {"sub": "u-1", "preferred_username": "Dora"})
    wrong: dict[str, object] = field(default_factory=dict)  # claims of the ID token that it lies about
    stranger: bool = False  # signs with a key that it does not publish
    address: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}, private=True))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)  # what was asked for each

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def discovery() -> dict[str, object]:
            return {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }

        @app.get("/keys")
        def keys() -> dict[str, object]:
            return dict(KeySet([self.key]).as_dict(private=False))

        @app.get("/authorize")
        def authorize(request: Request) -> Response:
            asked = dict(request.query_params)
            if asked.get("client_id") != CLIENT or "openid" not in asked.get("scope", "").split():
                return JSONResponse({"error": "invalid_request"}, 400)
            code = secrets.token_urlsafe(8)
            self.codes[code] = asked
            return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

        @app.post("/token")
        async def token(request: Request) -> Response:
            form = {name: str(value) for name, value in (await request.form()).items()}
            asked = self.codes.pop(form.get("code", ""), None)
            basic = base64.b64encode(f"{CLIENT}:{SECRET}".replace(" ", "%20").encode()).decode()
            plain = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
            if (
                asked is None
                or request.headers.get("authorization") not in (f"Basic {basic}", f"Basic {plain}")
                or form.get("redirect_uri") != asked["redirect_uri"]
                or asked.get("code_challenge_method") != "S256"
                or challenge.decode().rstrip("=") != asked.get("code_challenge")
            ):
                return JSONResponse({"error": "invalid_grant"}, 400)
            now = int(time.time())
            claims = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": asked.get("nonce")}
            key = RSAKey.generate_key(2048, {"kid": "one"}, private=True) if self.stranger else self.key
            signed = jwt.encode({"alg": "RS256", "kid": "one"}, {**claims, **self.account, **self.wrong}, key)
            return JSONResponse({"access_token": "unused", "token_type": "Bearer", "id_token": signed})

        return app
