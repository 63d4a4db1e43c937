"""Tokens: whose are believed, under which algorithms, and what they must say (SEC-1)."""

import base64
import hmac
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from termijn.kernel.ids import ProviderId
from termijn.runtime.handling import Transient
from termijn.runtime.http import Authority, Principal, Role, mint_token
from termijn.runtime.http.tokens import KEYS_SECONDS_MIN, OidcIssuer, Unauthenticated, ensure_secret

BELCO = ProviderId("belco")
ISSUER = "https://login.example/realm"


@pytest.fixture
def sandbox(tmp_path: Path) -> Authority:
    return Authority.sandbox(tmp_path / "data" / "token.key")


def claims(**changes: Any) -> dict[str, Any]:
    given = {"iss": "termijn-sandbox", "aud": "termijn", "sub": "jan", "exp": int(time.time()) + 60, "provider": "belco", "role": "manager"}
    return {name: value for name, value in (given | changes).items() if value is not None}


def signed(authority: Authority, **changes: Any) -> str:
    assert authority.sandbox_key is not None
    return jwt.encode({"alg": "HS256"}, claims(**changes), authority.sandbox_key)


@pytest.mark.rule("SEC-1")
async def test_a_minted_token_says_who_calls(sandbox: Authority) -> None:
    token = mint_token(sandbox, provider=BELCO, role=Role.CUSTOMER, actor="jan", account="acme")
    assert await sandbox.principal(token) == Principal(provider=BELCO, actor="customer:jan", role=Role.CUSTOMER, account="acme")  # type: ignore[arg-type]
    manager = await sandbox.principal(mint_token(sandbox, provider=BELCO, role=Role.MANAGER, actor="piet"))
    assert (manager.actor, manager.account) == ("manager:piet", None)


def test_only_customers_have_an_account(sandbox: Authority) -> None:
    for role, account in ((Role.CUSTOMER, None), (Role.MANAGER, "acme")):
        with pytest.raises(ValueError, match="account"):
            mint_token(sandbox, provider=BELCO, role=role, actor="x", account=account)


@pytest.mark.rule("SEC-1")
@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"exp": None},
        {"nbf": 9_999_999_999},
        {"iss": "somebody"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "a\nb"},
        {"provider": None},
        {"provider": "*"},
        {"provider": "Belco"},
        {"provider": ["belco"]},
        {"role": None},
        {"role": "root"},
        {"role": ["manager"]},
        {"role": "customer"},
        {"role": "customer", "account": 7},
        {"account": "acme"},
    ],
    ids=str,
)
async def test_a_token_that_says_something_else_is_not_believed(sandbox: Authority, changes: dict[str, Any]) -> None:
    await sandbox.principal(signed(sandbox))
    with pytest.raises(Unauthenticated):
        await sandbox.principal(signed(sandbox, **changes))


@pytest.mark.rule("SEC-1")
async def test_the_algorithm_is_ours_to_choose(sandbox: Authority) -> None:
    assert sandbox.sandbox_key is not None
    unsigned = signed(sandbox).split(".")
    none = "eyJhbGciOiJub25lIn0." + unsigned[1] + "."
    stronger = jwt.encode({"alg": "HS512"}, claims(), sandbox.sandbox_key, algorithms=["HS512"])
    forged = jwt.encode({"alg": "HS256"}, claims(), OctKey.generate_key(256))
    for token in (none, stronger, forged, signed(sandbox)[:-2] + "xx"):
        with pytest.raises(Unauthenticated):
            await sandbox.principal(token)


def test_the_secret_is_made_once_and_is_ours_alone(tmp_path: Path) -> None:
    path = tmp_path / "token.key"
    assert ensure_secret(path) == ensure_secret(path)
    assert len(ensure_secret(path)) == 64
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["token.key"]


class Login:
    """An OpenID Connect provider that counts how often it is asked for its keys."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "k-1", "use": "sig"})
        self.asked = 0
        self.is_up = True
        self.issuer = OidcIssuer(name=ISSUER, client=httpx.AsyncClient(transport=httpx.MockTransport(self.answer)))

    def answer(self, request: httpx.Request) -> httpx.Response:
        if not self.is_up:
            raise httpx.ConnectError("down")
        if request.url.path.endswith("openid-configuration"):
            return httpx.Response(200, json={"jwks_uri": f"{ISSUER}/keys"})
        self.asked += 1
        return httpx.Response(200, json=KeySet([self.key]).as_dict(private=False))

    def token(self, algorithm: str = "RS256", key: Any = None, **changes: Any) -> str:
        header = {"alg": algorithm, "kid": (key or self.key).kid}
        return jwt.encode(header, claims(iss=ISSUER, **changes), key or self.key, algorithms=[algorithm])


def hmac_with_the_public_key(login: Login) -> str:
    """The oldest trick: the verifier's public key as if it were a shared secret."""
    header, payload, _ = login.token().split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"k-1"}').rstrip(b"=").decode()
    digest = hmac.digest(login.key.as_pem(private=False), f"{header}.{payload}".encode(), "sha256")
    return f"{header}.{payload}." + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.rule("SEC-1")
async def test_tokens_of_an_identity_provider_are_verified_with_its_public_keys() -> None:
    login = Login()
    authority = Authority([login.issuer])
    assert (await authority.principal(login.token())).actor == "manager:jan"
    await authority.principal(login.token())
    assert login.asked == 1
    with pytest.raises(ValueError, match="identity provider"):
        mint_token(authority, provider=BELCO, role=Role.MANAGER, actor="x")
    confused = hmac_with_the_public_key(login)
    for token in (login.token("RS512"), confused, login.token(aud="another")):
        with pytest.raises(Unauthenticated):
            await authority.principal(token)


async def test_a_new_key_of_the_identity_provider_is_asked_for_but_not_at_every_token(monkeypatch: pytest.MonkeyPatch) -> None:
    login = Login()
    authority = Authority([login.issuer])
    await authority.principal(login.token())
    login.key = RSAKey.generate_key(2048, {"kid": "k-2"})
    with pytest.raises(Unauthenticated):
        await authority.principal(login.token())
    assert login.asked == 1, f"asked again within {KEYS_SECONDS_MIN} s"
    monkeypatch.setattr("termijn.runtime.http.tokens.KEYS_SECONDS_MIN", 0)
    assert (await authority.principal(login.token())).actor == "manager:jan"


async def test_an_identity_provider_that_is_down_is_no_reason_to_say_no_for_good() -> None:
    login = Login()
    login.is_up = False
    with pytest.raises(Transient):
        await Authority([login.issuer]).principal(login.token())
