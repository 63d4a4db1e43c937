"""Tokens: who issued them, whether they hold, and what they say (SEC-1). All times here are machine time."""

import base64
import json
import os
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey

from termijn.kernel.errors import Refusal
from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime.handling import Transient
from termijn.runtime.http.principal import Principal, Role

AUDIENCE = "termijn"
SANDBOX_ISSUER = "termijn-sandbox"
TOKEN_CHARACTERS_MAX = 8192
"""A token is a header; larger ones are an attack on the parser."""
LEEWAY_S = 30
"""Clocks of two machines differ."""
TTL_S = 8 * 3600
"""A sandbox token lasts a working day where nothing else is said."""
KEYS_SECONDS_MAX = 600
"""An issuer's keys are asked for again after this; a key that we do not know makes us ask earlier."""
KEYS_SECONDS_MIN = 30
"""But not more often than this, whatever tokens come."""

_PROVIDER = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,120}")


class Unauthenticated(Refusal):
    """A valid bearer token is needed."""

    status = 401


class Issuer(Protocol):
    """Somebody whose tokens are believed, with the algorithms that it may use and no others."""

    @property
    def name(self) -> str: ...

    @property
    def audience(self) -> str: ...

    @property
    def algorithms(self) -> Sequence[str]: ...

    async def keys(self, key_id: str | None) -> KeySet | OctKey:
        """Keys to verify with; ``key_id`` is the one that the token names."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxIssuer:
    """Ourselves: a secret in a file, HS256 only."""

    key: OctKey
    name: str = SANDBOX_ISSUER
    audience: str = AUDIENCE
    algorithms: Sequence[str] = ("HS256",)

    async def keys(self, key_id: str | None) -> OctKey:
        """The one secret."""
        return self.key


@dataclass(slots=True, kw_only=True)
class OidcIssuer:
    """An OpenID Connect provider: its public keys from where its configuration says. No symmetric algorithm, ever."""

    name: str
    audience: str = AUDIENCE
    algorithms: Sequence[str] = ("RS256", "PS256", "ES256", "EdDSA")
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=10))
    _keys: KeySet | None = None
    _asked_at: float = float("-inf")

    async def keys(self, key_id: str | None) -> KeySet:
        """The issuer's keys, asked for again when they are old or the key is new. Raises ``Transient`` when it does not answer."""
        age = time.monotonic() - self._asked_at
        is_known = self._keys is not None and (key_id is None or any(key.kid == key_id for key in self._keys.keys))
        if self._keys is not None and age < (KEYS_SECONDS_MAX if is_known else KEYS_SECONDS_MIN):
            return self._keys
        self._asked_at = time.monotonic()
        try:
            configuration = await self._get(f"{self.name.rstrip('/')}/.well-known/openid-configuration")
            self._keys = KeySet.import_key_set(await self._get(configuration["jwks_uri"]))
        except (httpx.HTTPError, ValueError, KeyError) as error:
            if self._keys is None:
                raise Transient(f"issuer: {type(error).__name__}") from error
        return self._keys

    async def _get(self, url: str) -> Any:
        answer = await self.client.get(url)
        answer.raise_for_status()
        return answer.json()


class Authority:
    """Turns a token into a principal, or refuses. Knows one or more issuers; everybody else is nobody."""

    def __init__(self, issuers: Sequence[Issuer]) -> None:
        self._issuers = {issuer.name: issuer for issuer in issuers}

    @classmethod
    def sandbox(cls, key_file: Path) -> "Authority":
        """Tokens of ``mint_token``, under the secret in this file, which is made where it does not exist."""
        return cls([SandboxIssuer(key=OctKey.import_key(ensure_secret(key_file)))])

    @classmethod
    def oidc(cls, issuer: str, *, audience: str = AUDIENCE) -> "Authority":
        """Tokens of an OpenID Connect provider, named by its URL."""
        return cls([OidcIssuer(name=issuer, audience=audience)])

    @property
    def sandbox_key(self) -> OctKey | None:
        """The secret to mint with, None where tokens come from elsewhere."""
        issuer = self._issuers.get(SANDBOX_ISSUER)
        return issuer.key if isinstance(issuer, SandboxIssuer) else None

    async def principal(self, token: str) -> Principal:
        """Who the token says calls. Raises ``Unauthenticated``; which part is wrong is not told."""
        header, claims = _peek(token)
        issuer = self._issuers.get(str(claims.get("iss")))
        if issuer is None:
            raise Unauthenticated
        keys = await issuer.keys(header.get("kid"))
        return principal_of(_verified(token, issuer, keys))


def _peek(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, unverified: only to find out whose keys to verify with."""
    try:
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise ValueError
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in token.split(".")[:2])
        if not isinstance(header, dict) or not isinstance(claims, dict):
            raise ValueError
        return header, claims
    except (ValueError, RecursionError):
        raise Unauthenticated from None


def _verified(token: str, issuer: Issuer, keys: KeySet | OctKey) -> Mapping[str, Any]:
    rules = jwt.JWTClaimsRegistry(
        leeway=LEEWAY_S,
        iss={"essential": True, "value": issuer.name},
        aud={"essential": True, "value": issuer.audience},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        claims = jwt.decode(token, keys, algorithms=list(issuer.algorithms)).claims
        rules.validate(claims)
    except Exception:
        # A hostile token makes a parser raise many things; none of them is a reason to believe it.
        raise Unauthenticated from None
    return claims


def principal_of(claims: Mapping[str, Any]) -> Principal:
    """What verified claims say: ``sub``, ``provider``, ``role`` and, for a customer, ``account``. Raises ``Unauthenticated``."""
    provider, role, subject, account = (claims.get(name) for name in ("provider", "role", "sub", "account"))
    if not isinstance(provider, str) or not _PROVIDER.fullmatch(provider) or not isinstance(subject, str) or not _NAME.fullmatch(subject):
        raise Unauthenticated
    if not isinstance(role, str) or role not in set(Role):
        raise Unauthenticated
    is_customer = role == Role.CUSTOMER
    if is_customer != isinstance(account, str):
        raise Unauthenticated
    return Principal(
        provider=ProviderId(provider),
        actor=f"{role}:{subject}",
        role=Role(role),
        account=AccountId(account) if isinstance(account, str) else None,
    )


def mint_token(
    authority: Authority, *, provider: ProviderId, role: Role, actor: str, account: str | None = None, ttl_s: int = TTL_S
) -> str:
    """A token of the sandbox. Raises ValueError where the authority is no sandbox's, or a customer has no account."""
    if authority.sandbox_key is None:
        raise ValueError("tokens of this installation come from its identity provider")
    if (role is Role.CUSTOMER) != (account is not None):
        raise ValueError("a customer has an account, and nobody else has")
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": SANDBOX_ISSUER,
        "aud": AUDIENCE,
        "sub": actor,
        "iat": now,
        "exp": now + ttl_s,
        "provider": provider,
        "role": str(role),
    }
    if account is not None:
        claims["account"] = account
    return jwt.encode({"alg": "HS256"}, claims, authority.sandbox_key, algorithms=["HS256"])


def ensure_secret(path: Path) -> bytes:
    """The secret in the file (readable by us alone), made where it does not exist; two that make it at once get the same."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(32).encode())
        try:
            os.link(fresh, path)  # a link, not a rename: whoever comes second must not replace the first one's secret
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes()
