"""What an operator writes, and what comes of it."""

from __future__ import annotations

import os
from ipaddress import ip_network
from pathlib import Path

import pytest

from config.settings import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    """Each test starts from an environment without any option of ours."""
    for name in [name for name in os.environ if name.startswith("YMATEB_")]:
        monkeypatch.delenv(name)


def load(monkeypatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(f"YMATEB_{name}", value)
    return load_settings()


def refusal(monkeypatch, **variables: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, **variables)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_defaults_are_the_contracts():
    settings = load_settings()
    assert (settings.host, settings.port, settings.public_url) == ("127.0.0.1", 8080, "http://localhost:8080")
    assert settings.data_dir == Path("data")
    assert settings.effective_database_url == f"sqlite+aiosqlite:///{Path('data').absolute()}/ymateb.sqlite3"
    assert settings.redis_url is None
    assert settings.fetch_allow_networks == ()
    assert settings.fetch_ports == {80, 443, 8080, 8443}
    assert (settings.fetch_per_authority, settings.worker_concurrency, settings.queue_bound) == (4, 100, 200_000)
    assert settings.rate_limits is True
    assert settings.demo == "auto"


def test_lists_are_separated_by_commas(monkeypatch):
    settings = load(monkeypatch, FETCH_ALLOW_NETWORKS="127.0.0.0/8, ::1/128,", FETCH_PORTS="80,8443")
    assert settings.fetch_allow_networks == (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert settings.fetch_ports == {80, 8443}


@pytest.mark.parametrize(("written", "meant"), [("on", True), ("off", False), ("true", True), ("0", False)])
def test_a_switch_is_on_or_off(monkeypatch, written, meant):
    assert load(monkeypatch, RATE_LIMITS=written).rate_limits is meant


def test_an_empty_variable_counts_as_unset(monkeypatch):
    settings = load(monkeypatch, DATABASE_URL="", REDIS_URL="", PORT="", CONFIG="")
    assert (settings.database_url, settings.redis_url, settings.port) == (None, None, 8080)


def test_the_trailing_slash_of_the_public_url_is_dropped(monkeypatch):
    assert load(monkeypatch, PUBLIC_URL="https://m.example/").public_url == "https://m.example"


def test_the_public_url_follows_a_port_that_is_changed_alone(monkeypatch):
    assert load(monkeypatch, PORT="8081").public_url == "http://localhost:8081"
    assert load(monkeypatch, PORT="8081", PUBLIC_URL="https://m.example").public_url == "https://m.example"


@pytest.mark.parametrize(
    ("public_url", "demo", "is_on"),
    [
        ("http://localhost:8080", "auto", True),
        ("http://127.0.0.9", "auto", True),
        ("http://[::1]:80", "auto", True),
        ("http://blog.localhost", "auto", True),
        ("https://localhost.example.com", "auto", False),
        ("https://m.example", "auto", False),
        ("https://m.example", "on", True),
        ("http://localhost:8080", "off", False),
    ],
)
def test_the_demo_is_left_to_loopback_unless_told_otherwise(public_url, demo, is_on):
    assert Settings(public_url=public_url, demo=demo).demo_is_on is is_on


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("postgresql://u:p@db/ymateb", "postgresql+asyncpg://u:p@db/ymateb"),
        ("postgres://db/ymateb?sslmode=require", "postgresql+asyncpg://db/ymateb?ssl=require"),
        ("postgresql:///ymateb?host=/run/postgresql", "postgresql+asyncpg:///ymateb?host=/run/postgresql"),
        ("postgresql+asyncpg://db/ymateb", "postgresql+asyncpg://db/ymateb"),
        ("sqlite:////var/lib/y.sqlite3", "sqlite+aiosqlite:////var/lib/y.sqlite3"),
    ],
)
def test_a_database_url_names_the_driver_that_we_ship(monkeypatch, written, meant):
    assert load(monkeypatch, DATABASE_URL=written).effective_database_url == meant


def test_the_file_is_read_and_the_environment_wins(monkeypatch, tmp_path):
    file = tmp_path / "ymateb.toml"
    file.write_text('port = 9000\nhost = "::1"\nfetch_ports = [80, 81]\nrate_limits = false\n')
    settings = load(monkeypatch, CONFIG=str(file), HOST="127.0.0.2")
    assert (settings.host, settings.port) == ("127.0.0.2", 9000)
    assert settings.fetch_ports == {80, 81}
    assert settings.rate_limits is False


def test_a_secret_may_stand_in_a_file_of_its_own(monkeypatch, tmp_path):
    secret = tmp_path / "redis_url"
    secret.write_text("redis://:hidden@r/0\n")
    settings = load(monkeypatch, REDIS_URL_FILE=str(secret))
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == "redis://:hidden@r/0"
    assert "hidden" not in repr(settings)


def test_the_file_may_name_a_file_with_a_secret(monkeypatch, tmp_path):
    (tmp_path / "db").write_text("postgresql://u:hidden@db/y")
    (tmp_path / "y.toml").write_text(f'database_url_file = "{tmp_path / "db"}"\n')
    settings = load(monkeypatch, CONFIG=str(tmp_path / "y.toml"))
    assert settings.database_url == "postgresql://u:hidden@db/y"
    assert "hidden" not in repr(settings)


def test_arguments_win_over_everything(monkeypatch):
    monkeypatch.setenv("YMATEB_PORT", "9000")
    assert load_settings(port=9001).port == 9001


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PORT": "many"}, "YMATEB_PORT: "),
        ({"PORT": "70000"}, "YMATEB_PORT: "),
        ({"PUBLIC_URL": "mentions.example.com"}, "YMATEB_PUBLIC_URL: must be an http(s) URL"),
        ({"FETCH_ALLOW_NETWORKS": "127.0.0.1/8"}, "YMATEB_FETCH_ALLOW_NETWORKS: "),
        ({"FETCH_PORTS": "80,http"}, "YMATEB_FETCH_PORTS: "),
        ({"DEMO": "sometimes"}, "YMATEB_DEMO: Input should be 'auto', 'on' or 'off'"),
        ({"DATABASE_URL": "mysql://db/y"}, "YMATEB_DATABASE_URL: must start with postgresql://"),
        ({"REDIS_URL": "http://r"}, "YMATEB_REDIS_URL: must start with redis://"),
        ({"PROT": "80"}, "YMATEB_PROT is not an option; did you mean YMATEB_PORT?"),
        ({"CONFIG": "/no/such.toml"}, "YMATEB_CONFIG: cannot read /no/such.toml: No such file"),
        ({"REDIS_URL_FILE": "/no/such"}, "YMATEB_REDIS_URL_FILE: cannot read /no/such: No such file"),
        ({"REDIS_URL": "redis://r", "REDIS_URL_FILE": "/f"}, "YMATEB_REDIS_URL and YMATEB_REDIS_URL_FILE are both set"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line_that_names_it(monkeypatch, variables, said):
    assert refusal(monkeypatch, **variables).startswith(said)


def test_a_refused_secret_is_not_repeated(monkeypatch):
    assert "hidden" not in refusal(monkeypatch, DATABASE_URL="mysql://u:hidden@db/y")
    monkeypatch.delenv("YMATEB_DATABASE_URL")
    assert "hidden" not in refusal(monkeypatch, REDIS_URL="http://:hidden@r")


def test_a_platforms_own_variables_are_let_be(monkeypatch):
    assert load(monkeypatch, SERVICE_HOST="10.0.0.1", PORT_8080_TCP_ADDR="10.0.0.1").port == 8080


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("prot = 80", "prot is not an option; did you mean port?"),
        ("port =", "not valid TOML"),
        ("[web]\nport=1", "web"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(monkeypatch, tmp_path, toml, said):
    (tmp_path / "y.toml").write_text(toml)
    assert said in refusal(monkeypatch, CONFIG=str(tmp_path / "y.toml"))


def test_mail_goes_through_the_server_that_is_named(monkeypatch):
    assert load_settings().mail_url is None
    assert load_settings().effective_mail_from == "noreply@localhost"
    settings = load(monkeypatch, MAIL_URL="smtps://me:p%40ss@mail.example", PUBLIC_URL="https://r.example/x")
    assert settings.mail_url.get_secret_value() == "smtps://me:p%40ss@mail.example"
    assert settings.effective_mail_from == "noreply@r.example"
    assert "p%40ss" not in repr(settings)


@pytest.mark.parametrize("url", ["mail.example:587", "http://mail.example", "smtp://", "smtp://h:0", "smtp://h:x"])
def test_a_mail_server_is_named_by_its_url(monkeypatch, url):
    assert refusal(monkeypatch, MAIL_URL=url).startswith("YMATEB_MAIL_URL: ")


@pytest.mark.parametrize("sender", ["nobody", "Ann <ann@a.example>", "a@b.example\r\nBcc: c@d.example", "a@b, c@d"])
def test_mail_is_from_one_address(monkeypatch, sender):
    assert refusal(monkeypatch, MAIL_FROM=sender).startswith("YMATEB_MAIL_FROM: ")


def test_a_mail_server_may_stand_in_a_file(monkeypatch, tmp_path):
    secret = tmp_path / "mail"
    secret.write_text("smtp://me:secret@mail.example\n")
    assert load(monkeypatch, MAIL_URL_FILE=str(secret)).mail_url.get_secret_value() == "smtp://me:secret@mail.example"
