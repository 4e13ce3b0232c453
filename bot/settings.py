"""Every knob, once: unit, reason and a default that works. Read from the environment as BOT_<NAME>."""

import hashlib
import os
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "corpus"
SHIPPED_ARTICLES = CORPUS / "articles"
RED_FLAGS = CORPUS / "red_flags"
CLAIMS = CORPUS / "claims.yaml"
SMALL_TALK = CORPUS / "small_talk.yaml"
OUTGOING = CORPUS / "outgoing.yaml"
HELD_OUT = ROOT / "eval" / "questions"  # nothing of these files may be in an article, a rule or training
DEFAULT_ENCODER = "all-MiniLM-L6-v2"
ENV_PREFIX = "BOT_"
STAFF_ROLES = ("support", "editor", "evaluator", "admin")  # bot.records.tables.Role, which this must not import
# Settings that change no reply, and so not the hash on it.
NO_MATTER = {"corpus", "data", "database_url", "host", "port"} | {"keep_conversations", "keep_feedback", "slow_ms"}
NO_MATTER |= {"oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_scope", "oidc_roles_claim", "oidc_roles"}
NO_MATTER |= {"second_approval", "sign_in_attempts", "lock_out_minutes", "session_idle_minutes", "session_hours"}


class Settings(BaseSettings):
    """Frozen after construction. `Settings.load` turns a bad value into one clear sentence."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")

    corpus: Path = SHIPPED_ARTICLES  # folder of articles to answer from
    data: Path = ROOT / "var"  # where index versions are kept, and the database
    # SQLAlchemy's address of the database; empty: a SQLite file in `data`
    database_url: str = Field("", validation_alias=AliasChoices("database_url", "DATABASE_URL", "BOT_DATABASE_URL"))
    encoder: str = DEFAULT_ENCODER  # or any sentence-transformers model name or folder
    threads: int = Field(1, ge=1, le=64)  # per query; more makes p95 worse on a busy machine
    chunk_chars: int = Field(1000, ge=200, le=4000)  # a section longer than this is split between its blocks

    candidates: int = Field(100, ge=10, le=500)  # passages taken from each of the dense and the lexical search
    # What counts how much in a passage's score; only the ratio matters. See bot/retrieval/retriever.py.
    passage_weight: float = Field(0.2, ge=0, le=1)  # the whole passage's cosine
    sentence_weight: float = Field(0.2, ge=0, le=1)  # its best sentence's cosine
    question_weight: float = Field(0.4, ge=0, le=1)  # the nearest question written for it
    words_weight: float = Field(0.25, ge=0, le=1)  # its words in their context, one by one
    lexical_weight: float = Field(0.05, ge=0, le=1)  # BM25
    passages: int = Field(12, ge=10, le=100)  # passages kept on a reply, for staff and evaluators
    min_confidence: float = Field(0.5, ge=0, le=1)  # below this we abstain; see bot/answering/confidence.py
    answer_sentences: int = Field(5, ge=1, le=12)  # most sentences in an answer that is not a list

    # A LangChain chat model that words the answers, as PROVIDER:MODEL; none by default. See bot/answering/wording.py.
    model: str = ""
    model_url: str = ""  # its address, where it is not the provider's own
    model_seconds: float = Field(15, gt=0, le=300)  # for a whole answer; after that the articles' own words are given

    # From this score on a curated answer is for the question asked; see bot/answering/curated.py. No two questions of
    # different sections in corpus/articles/*.questions.yaml reach it; the nearest two have 0.863.
    curated_match: float = Field(0.87, ge=0, le=1)

    region: str = ""  # two-letter country of the emergency number; empty names several
    message_limit: int = Field(4000, ge=100)  # characters in one visitor message
    host: str = "127.0.0.1"
    port: int = Field(7860, ge=1, le=65535)

    keep_conversations: int = Field(0, ge=0, le=3650)  # days that the words of visitors who agreed are kept; 0: never
    keep_feedback: int = Field(180, ge=0, le=3650)  # days that the words sent along with a thumb are kept; 0: never
    slow_ms: float = Field(2000, gt=0)  # a reply that took longer goes to the staff's inbox
    second_approval: bool = True  # a curated answer is approved by somebody who did not write it
    sign_in_attempts: int = Field(5, ge=1, le=100)  # wrong passwords in a row after which a user is locked out
    lock_out_minutes: int = Field(15, ge=1, le=1440)
    session_idle_minutes: int = Field(60, ge=1, le=1440)  # of staff, without a request
    session_hours: int = Field(12, ge=1, le=168)  # of staff, however busy

    # Log-in of staff with an OpenID Connect provider, besides passwords; bot/web/staff/oidc.py. Off without an issuer.
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")  # may be empty for a public client: PKCE is used in any case
    oidc_scope: str = "openid profile email"  # some providers need one more for groups
    oidc_roles_claim: str = "groups"  # of the ID token, whose values give the roles
    oidc_roles: str = ""  # which value gives which role, such as: helpdesk=support, bot-admins=admin
    oidc_issuer: str = ""  # such as https://id.example.org/realms/staff

    @field_validator("model_url")
    @classmethod
    def _without_secrets(cls, url: str) -> str:
        address = urlsplit(url)
        if url and (address.scheme not in ("http", "https") or not address.hostname or address.query or "@" in url):
            raise ValueError("must be an address beginning with http:// or https://, without a name, password or query")
        return url

    @field_validator("oidc_roles")
    @classmethod
    def _pairs(cls, text: str) -> str:
        for pair in text.split(",") if text else ():
            if pair.rpartition("=")[2].strip() not in STAFF_ROLES or not pair.rpartition("=")[0].strip():
                raise ValueError(f"write VALUE=ROLE, divided by commas; the roles are {', '.join(STAFF_ROLES)}")
        return text

    @field_validator("oidc_issuer")
    @classmethod
    def _usable(cls, issuer: str, info: ValidationInfo) -> str:
        address = urlsplit(issuer)
        local = address.scheme == "http" and address.hostname in ("localhost", "127.0.0.1", "::1")
        if issuer and not (local or (address.scheme == "https" and address.hostname)):
            raise ValueError("must be an address beginning with https://")
        if issuer and not (info.data.get("oidc_client_id") and info.data.get("oidc_roles")):
            raise ValueError("needs BOT_OIDC_CLIENT_ID and BOT_OIDC_ROLES as well")
        return issuer

    @property
    def roles_of_values(self) -> tuple[tuple[str, str], ...]:
        """Value of the claim `oidc_roles_claim` and the staff role that it gives; one value may give several."""
        pairs = (pair.rpartition("=") for pair in self.oidc_roles.split(",") if pair.strip())
        return tuple((value.strip(), role.strip()) for value, _, role in pairs)

    @classmethod
    def load(cls, **overrides: object) -> "Settings":
        """Settings from the environment, then `overrides`. Raises SettingsError naming the bad one."""
        known = {ENV_PREFIX + name.upper() for name in cls.model_fields}
        for name in os.environ:
            if name.upper().startswith(ENV_PREFIX) and name.upper() not in known:
                raise SettingsError(f"{name} is not a setting; the settings are {', '.join(sorted(known))}.")
        try:
            return cls(**{k: v for k, v in overrides.items() if v is not None})  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise SettingsError(
                f"Setting {ENV_PREFIX}{name.upper()} is {first.get('input')!r}: {first['msg'].lower()}."
            ) from error

    @cached_property
    def hash(self) -> str:
        """Twelve hex digits over everything that can change a reply, which NO_MATTER does not."""
        body = self.model_dump_json(exclude=NO_MATTER)
        return hashlib.sha256(body.encode()).hexdigest()[:12]
