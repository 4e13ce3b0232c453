"""Log-in with an OpenID Connect provider, where the settings name one: the authorisation code flow with PKCE."""

import logging
import secrets

from authlib.integrations.starlette_client import OAuth
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.errors import RecordsError, SignInRefused
from bot.records import people, sessions
from bot.web.staff.desk import Desk
from bot.web.staff.gate import unavailable
from bot.web.staff.login import HOME, signed_in, with_form

log = logging.getLogger(__name__)

CALLBACK = "/staff/oidc/callback"  # what the provider must know as redirect URI
AWAY_SECONDS = 600  # that somebody may spend at the provider
FAILED = "The log-in there did not work, or took too long; please try again, or ask an admin."


def oidc_app(desk: Desk) -> Starlette:
    """GET start and GET callback, to be mounted at /staff/oidc. The provider is asked only when somebody logs in."""
    settings = desk.settings
    provider = OAuth().register(
        "oidc",
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value() or None,
        server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": settings.oidc_scope, "code_challenge_method": "S256"},
    )

    async def start(request: Request) -> Response:
        request.session["next"] = request.query_params.get("next", HOME)
        try:
            response: Response = await provider.authorize_redirect(
                request, str(request.url.replace(path=CALLBACK, query=""))
            )
        except Exception:  # broad on purpose: what is raised differs by what is wrong with a provider
            log.exception("the OpenID Connect provider cannot be reached")
            return await run_in_threadpool(with_form, desk, request, problem=FAILED, status=502)
        return response

    async def callback(request: Request) -> Response:
        after = str(request.session.pop("next", HOME))
        try:
            issuer = {"essential": True, "values": [settings.oidc_issuer]}
            token = await provider.authorize_access_token(request, claims_options={"iss": issuer})
            claims = dict(token["userinfo"])  # of the ID token, whose signature, audience and nonce have been checked
            subject = str(claims["sub"])
        except Exception as failure:  # broad on purpose, as above; a token must not get into the log
            log.error("a log-in with the OpenID Connect provider failed: %s: %s", type(failure).__name__, failure)
            return await run_in_threadpool(with_form, desk, request, after, problem=FAILED, status=401)
        return await run_in_threadpool(enter, request, subject, claims, after)

    def enter(request: Request, subject: str, claims: dict[str, object], after: str) -> Response:
        wish = str(claims.get("preferred_username") or claims.get("email") or subject)
        try:
            person = people.from_provider(
                desk.records, f"{settings.oidc_issuer} {subject}", wish, roles_in(claims, desk)
            )
            return signed_in(request, sessions.start(desk.records, settings, person.name), after)
        except SignInRefused as refusal:
            return with_form(desk, request, after, problem=str(refusal), status=403)
        except RecordsError as failure:
            return unavailable(failure)

    async def failed(request: Request, failure: Exception) -> Response:
        return unavailable(failure)

    # What is begun here must end in the same program, so that a key of this moment will do.
    passing = Middleware(
        SessionMiddleware,
        secret_key=secrets.token_urlsafe(32),
        session_cookie="staff_oidc",
        max_age=AWAY_SECONDS,
        path="/staff/oidc",
        same_site="lax",
    )
    routes = [Route("/start", start), Route("/callback", callback)]
    return Starlette(routes=routes, middleware=[passing], exception_handlers={RecordsError: failed})


def roles_in(claims: dict[str, object], desk: Desk) -> list[str]:
    """The roles that the settings give for the values of the claim; none where it is missing."""
    given = claims.get(desk.settings.oidc_roles_claim, [])
    values = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    return [role for value, role in desk.settings.roles_of_values if value in values]
