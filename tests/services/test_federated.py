"""Whom another vouches for: only an answer that holds in every part lets somebody in."""

from __future__ import annotations

import pytest
from joserfc import jwk
from sqlalchemy import select

from riskprofile.errors import RiskProfileError, StoreError, UsageError
from riskprofile.services import federated, identity, own_account, settings
from riskprofile.services.identity import OWNER, Actor, SignInRefused
from riskprofile.store.office_tables import Audit
from tests.services import provider as oidc
from tests.services.bench import HERE, NOW, later

PASSWORD = "four small brown lanterns"
BACK = "https://riskprofile.example/sign-in/oidc/back"


@pytest.fixture
def provider():
    with oidc.running(NOW.timestamp()) as found:
        yield found


@pytest.fixture
def told(provider, store, tmp_path):
    """Settings that name the provider, and an account called ines."""
    home = tmp_path / "home"
    (home / "keys").mkdir(parents=True, mode=0o700)
    for name, secret in (("oidc.secret", oidc.SECRET), ("proxy.secret", "p" * 32)):
        (home / "keys" / name).write_text(secret + "\n")
        (home / "keys" / name).chmod(0o600)
    identity.add_account(
        store, OWNER, name="ines", role="officer", office=HERE, password=PASSWORD, now=NOW
    )
    return settings.load(
        {},
        home=str(home),
        oidc_issuer=provider.issuer,
        oidc_client=oidc.CLIENT,
        oidc_redirect=BACK,
        proxy_address="10.0.0.7",
    )


def through(store, told, provider, user="ines", now=NOW, **changed):
    out = federated.begin(told, "/queue", NOW)
    answer = provider.authorise(out.address, user) | changed
    return federated.finish(store, told, out.carried, answer, now)


def refused(store, told, provider, **how):
    with pytest.raises(SignInRefused):
        through(store, told, provider, **how)
    with store.read() as connection:
        started = connection.execute(select(Audit).where(Audit.action == "session.start")).first()
    assert started is None


def test_an_account_that_exists_comes_in_with_its_role_and_office(store, told, provider):
    token, onward = through(store, told, provider)
    assert onward == "/queue"
    assert identity.actor_of(store, token, NOW) == Actor("ines", "officer", HERE)
    with store.read() as connection:
        link = connection.execute(
            select(Audit.actor, Audit.detail).where(Audit.action == "session.start")
        ).one()
    assert tuple(link) == ("ines", {"by": "oidc"})


@pytest.mark.parametrize("user", ["nobody", "", "Ines", "ines ", "os:root"])
def test_nobody_is_made_an_account(store, told, provider, user):
    refused(store, told, provider, user=user)
    assert [one.name for one in identity.accounts(store, OWNER)] == ["ines"]


def test_a_disabled_account_stays_out(store, told, provider):
    identity.disable_account(store, OWNER, "ines", NOW)
    refused(store, told, provider)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another"},
        {"aud": [oidc.CLIENT, "another"]},  # and no azp
        {"azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": int(NOW.timestamp()) - 31},
        {"exp": None},
        {"iat": None},
        {"nbf": int(NOW.timestamp()) + 60},
        {"preferred_username": None},
        {"preferred_username": ["ines"]},
        {"at_hash": "AAAA"},
    ],
    ids=str,
)
def test_a_token_with_one_wrong_claim_is_refused(store, told, provider, claims):
    provider.claims = claims
    refused(store, told, provider)


def test_a_token_of_another_key_is_refused(store, told, provider):
    provider.sign_with = jwk.RSAKey.generate_key(2048, {"kid": "one"})
    refused(store, told, provider)


def test_a_token_signed_with_what_everybody_knows_is_refused(store, told, provider):
    """The public key as a shared secret, and no signature at all."""
    for algorithm in ("HS256", "none"):
        provider.forge = (algorithm, provider.key.as_pem(private=False))
        refused(store, told, provider)


@pytest.mark.parametrize(
    "changed",
    [{"state": "x"}, {"state": ""}, {"code": ""}, {"code": "x"}, {"iss": "https://else.example"}],
    ids=str,
)
def test_an_answer_of_another_sign_in_is_refused(store, told, provider, changed):
    refused(store, told, provider, **changed)


def test_the_provider_says_no(store, told, provider):
    refused(store, told, provider, error="access_denied")


def test_another_browser_cannot_finish_what_one_began(store, told, provider):
    mine, theirs = (federated.begin(told, "/", NOW) for _ in range(2))
    answer = provider.authorise(theirs.address, "ines")
    altered = f"{theirs.carried[:-2]}{int(theirs.carried[-2:], 16) ^ 1:02x}"
    for carried in (mine.carried, "", "00", "zz", altered):
        with pytest.raises(SignInRefused):
            federated.finish(store, told, carried, answer, NOW)
    assert federated.finish(store, told, theirs.carried, answer, NOW)


def test_a_code_works_once(store, told, provider):
    out = federated.begin(told, "/", NOW)
    answer = provider.authorise(out.address, "ines")
    assert federated.finish(store, told, out.carried, answer, NOW)
    with pytest.raises(SignInRefused):
        federated.finish(store, told, out.carried, answer, NOW)


def test_a_code_without_its_verifier_is_worth_nothing(store, told, provider):
    out = federated.begin(told, "/", NOW)
    answer = provider.authorise(out.address, "ines")
    provider.codes[answer["code"]]["code_challenge"] = "another"
    with pytest.raises(SignInRefused):
        federated.finish(store, told, out.carried, answer, NOW)


def test_a_sign_in_that_took_ten_minutes_is_over(store, told, provider):
    provider.claims = {"exp": int(NOW.timestamp()) + 10_000}
    refused(store, told, provider, now=later(minutes=10, seconds=1))
    assert through(store, told, provider, now=later(minutes=10))


def test_nothing_that_the_browser_carries_can_be_read(told):
    out = federated.begin(told, "/queue", NOW)
    assert b"/queue" not in bytes.fromhex(out.carried)


def test_each_sign_in_has_its_own_state_nonce_and_challenge(told):
    addresses = [federated.begin(told, "/", NOW).address for _ in range(3)]
    for name in ("state", "nonce", "code_challenge"):
        found = {one.partition(f"{name}=")[2].partition("&")[0] for one in addresses}
        assert len(found) == 3 and all(len(value) >= 43 for value in found)


def test_a_provider_that_calls_itself_otherwise_is_refused(told, provider):
    provider.says = {"issuer": "https://elsewhere.example"}
    with pytest.raises(RiskProfileError, match="calls itself otherwise"):
        federated.begin(told, "/", NOW)


def test_a_provider_without_tls_is_refused(told, provider):
    provider.says = {"authorization_endpoint": "http://sign-in.example/authorize"}
    with pytest.raises(UsageError, match="TLS"):
        federated.begin(told, "/", NOW)


def test_a_provider_that_is_down_is_said(told, provider):
    provider.down = True
    with pytest.raises(RiskProfileError, match="does not answer"):
        federated.begin(told, "/", NOW)


def test_what_stands_behind_each_way_is_checked(told, provider):
    assert federated.check(told) == f"the provider {provider.issuer} and the proxy at 10.0.0.7"
    provider.down = True
    with pytest.raises(RiskProfileError, match="does not answer"):
        federated.check(told)
    provider.down = False
    for name in ("oidc.secret", "proxy.secret"):
        (told.home / "keys" / name).chmod(0o644)
        with pytest.raises(StoreError, match=name):
            federated.check(told)
        (told.home / "keys" / name).chmod(0o600)
    assert federated.check(settings.load({}, home=str(told.home))) == "off"


def test_an_address_counts_only_when_the_provider_verified_it(store, told, provider):
    by_mail = told.model_copy(update={"oidc_claim": "email"})
    provider.claims = {"email": "ines"}
    refused(store, by_mail, provider)
    provider.claims = {"email": "ines", "email_verified": True}
    assert through(store, by_mail, provider)


def test_a_secret_that_others_may_read_is_not_used(store, told, provider):
    (told.home / "keys" / "oidc.secret").chmod(0o644)
    with pytest.raises(StoreError, match="others may read"):
        through(store, told, provider)


HEADERS = {"x-remote-user": "ines", "x-riskprofile-proxy": "p" * 32}


@pytest.mark.parametrize(
    ("peer", "changed", "named"),
    [
        ("10.0.0.7", {}, "ines"),
        ("::ffff:10.0.0.7", {}, "ines"),
        ("10.0.0.8", {}, None),
        ("127.0.0.1", {}, None),
        ("", {}, None),
        ("10.0.0.7", {"x-riskprofile-proxy": ""}, None),
        ("10.0.0.7", {"x-riskprofile-proxy": "q" * 32}, None),
        ("10.0.0.7", {"x-riskprofile-proxy": "é" * 32}, None),
        ("10.0.0.7", {"x-remote-user": "  "}, None),
        ("10.0.0.8", {"x-forwarded-for": "10.0.0.7"}, None),
    ],
)
def test_only_the_proxy_itself_is_believed(told, peer, changed, named):
    assert federated.proxied(told, peer, {**HEADERS, **changed}) == named


def test_without_a_setting_no_proxy_is_believed(told):
    off = told.model_copy(update={"proxy_address": None})
    assert federated.proxied(off, "10.0.0.7", HEADERS) is None


def test_one_changes_ones_own_password_with_the_old_one(any_store):
    identity.add_account(
        any_store, OWNER, name="ines", role="officer", office=HERE, password=PASSWORD, now=NOW
    )
    ines = Actor("ines", "officer", HERE)
    token = identity.sign_in(any_store, "ines", PASSWORD, "", NOW)
    with pytest.raises(SignInRefused):
        own_account.change_password(any_store, ines, "wrong", "five small brown lanterns", NOW)
    with pytest.raises(RiskProfileError, match="12 to 256"):
        own_account.change_password(any_store, ines, PASSWORD, "short", NOW)
    assert identity.actor_of(any_store, token, NOW)
    own_account.change_password(any_store, ines, PASSWORD, "five small brown lanterns", NOW)
    assert identity.actor_of(any_store, token, NOW) is None
    assert identity.sign_in(any_store, "ines", "five small brown lanterns", "", NOW)


def test_a_password_is_not_changed_with_one_that_another_changed_meanwhile(any_store, monkeypatch):
    """Who knows the old one, and comes at the same time, does not have the last word."""
    identity.add_account(
        any_store, OWNER, name="ines", role="officer", office=HERE, password=PASSWORD, now=NOW
    )
    ines, matches = Actor("ines", "officer", HERE), identity._verify

    def changed_meanwhile(*given):
        monkeypatch.setattr(identity, "_verify", matches)
        own_account.change_password(any_store, ines, PASSWORD, "five small brown lanterns", NOW)
        return matches(*given)

    monkeypatch.setattr(identity, "_verify", changed_meanwhile)
    with pytest.raises(SignInRefused, match="not your password"):
        own_account.change_password(any_store, ines, PASSWORD, "six small brown lanterns", NOW)
    assert identity.sign_in(any_store, "ines", "five small brown lanterns", "", NOW)


def test_guessing_the_old_password_is_throttled(store):
    identity.add_account(
        store, OWNER, name="ines", role="officer", office=HERE, password=PASSWORD, now=NOW
    )
    ines = Actor("ines", "officer", HERE)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            own_account.change_password(store, ines, "wrong", "five small brown lanterns", NOW)
    with pytest.raises(SignInRefused, match="too many"):
        own_account.change_password(store, ines, PASSWORD, "five small brown lanterns", NOW)


def test_signing_out_everywhere_ends_every_session_of_ones_own(any_store):
    for name in ("ines", "omar"):
        identity.add_account(
            any_store, OWNER, name=name, role="officer", office=HERE, password=PASSWORD, now=NOW
        )
    mine = [identity.sign_in(any_store, "ines", PASSWORD, "", NOW) for _ in range(3)]
    other = identity.sign_in(any_store, "omar", PASSWORD, "", NOW)
    assert own_account.sign_out_everywhere(any_store, Actor("ines", "officer", HERE), NOW) == 3
    assert [identity.actor_of(any_store, token, NOW) for token in mine] == [None] * 3
    assert identity.actor_of(any_store, other, NOW)


def test_a_role_that_needs_a_second_factor_is_not_let_in_without(store):
    identity.add_account(
        store, OWNER, name="ines", role="officer", office=HERE, password=PASSWORD, now=NOW
    )
    needed = ("officer",)
    with pytest.raises(SignInRefused) as caught:
        identity.sign_in(store, "ines", PASSWORD, "", NOW, second_factor_roles=needed)
    with pytest.raises(SignInRefused) as wrong:
        identity.sign_in(store, "ines", "wrong", "", NOW, second_factor_roles=needed)
    assert str(caught.value) == str(wrong.value)
    secret = own_account.set_second_factor(store, OWNER, "ines", NOW)
    code = identity.pyotp.TOTP(secret).at(NOW)
    assert identity.sign_in(store, "ines", PASSWORD, code, NOW, second_factor_roles=needed)
    assert identity.sign_in(store, "ines", PASSWORD, identity.pyotp.TOTP(secret).at(later(
        seconds=30)), later(seconds=30), second_factor_roles=("supervisor",))  # fmt: skip


@pytest.mark.parametrize("given", ["officer,root", ["root"]])
def test_a_role_that_is_none_is_refused_as_a_setting(tmp_path, given):
    with pytest.raises(UsageError, match="root is no role"):
        settings.load({}, home=str(tmp_path), second_factor_roles=given)
    told = settings.load(
        {"RISKPROFILE_SECOND_FACTOR_ROLES": "supervisor, analyst"}, home=str(tmp_path)
    )
    assert told.second_factor_roles == ("supervisor", "analyst")
