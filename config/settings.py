"""Every option of Ymateb: its type, default, unit and one line of help.

One class per section; `Settings` is their sum, flat, because the outside names are flat: `YMATEB_PORT` in the
environment is `port` in the TOML file that `YMATEB_CONFIG` names.  The environment wins over the file.  A secret may
stand in a file of its own, named by its `…_FILE` twin.  How the parts are found and read is `sources.py`'s business;
what an option means to the rest is theirs.  `config/example.toml` and `docs/operating.md` are tested against this."""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import BaseModel, BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from config import VERSION
from config.sources import SettingsError, check_names, explain, secret_files, toml_file

__all__ = ["Settings", "SettingsError", "load_settings"]


def _split(value: object) -> object:
    """A comma-separated string as a list; TOML lists pass."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")

Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_split)]
Ports = Annotated[frozenset[Annotated[int, Field(ge=1, le=65535)]], NoDecode, BeforeValidator(_split)]


class Listening(BaseModel):
    """Where the service listens, and how it is reached."""

    host: str = Field("127.0.0.1", min_length=1, description="address that `serve` listens on")
    port: int = Field(8080, ge=1, le=65535, description="port that `serve` listens on")
    public_url: str = Field(
        "http://localhost:8080", description="base of every URL handed out; its default follows the port"
    )
    trusted_proxies: Networks = Field(
        (), description="comma-separated CIDRs of reverse proxies whose X-Forwarded-For is believed"
    )
    rate_limits: bool = Field(True, description="`off` lifts the limits on what comes in (benchmarks, closed networks)")
    demo: Literal["auto", "on", "off"] = Field(
        "auto", description="the demo blog: `auto` = only while the public URL is a loopback one"
    )

    @model_validator(mode="after")
    def _public_url_follows_the_port(self) -> Self:
        """Whoever changes only the port is reached there: the default base of URLs goes along."""
        if "public_url" not in self.model_fields_set and "port" in self.model_fields_set:
            self.__dict__["public_url"] = f"http://localhost:{self.port}"
        return self

    @field_validator("public_url")
    @classmethod
    def _public_url_is_a_base(cls, value: str) -> str:
        parts = urlsplit(value)
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.query
            or parts.fragment
            or parts.username
        ):
            raise ValueError("must be an http(s) URL without query, fragment or user")
        return value.rstrip("/")


class Keeping(BaseModel):
    """What is kept, where, and for how long."""

    data_dir: Path = Field(Path("./data"), description="the SQLite file, the embedded Redis, the avatar cache")
    database_url: str | None = Field(
        None, repr=False, description="`postgresql://…` for more than one machine; unset = SQLite in the data folder"
    )
    database_pool: int = Field(10, ge=1, le=1000, description="connections that one process keeps to PostgreSQL")
    redis_url: SecretStr | None = Field(
        None, description="any Redis ≥ 6.2, Valkey, Sentinel or Cluster; unset = embedded Redis in the data folder"
    )
    queue_bound: int = Field(200_000, ge=1, description="claims waiting, beyond which intake answers 503")
    status_days: int = Field(90, ge=1, description="days that the status URL of a finished claim answers")

    @field_validator("database_url")
    @classmethod
    def _database_is_one_we_speak_to(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in _DRIVERS:
            raise ValueError("must start with postgresql:// or sqlite:///")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_url_has_a_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        scheme = urlsplit(value.get_secret_value()).scheme.partition("+")[0] if value else "redis"
        if scheme not in ("redis", "rediss", "valkey", "valkeys", "unix"):
            raise ValueError("must start with redis://, rediss://, unix:// or one of them with +sentinel or +cluster")
        return value


class Fetching(BaseModel):
    """What outgoing requests may reach, and how politely."""

    fetch_allow_networks: Networks = Field(
        (), description="comma-separated CIDRs that outgoing requests may reach although they are not public"
    )
    fetch_ports: Ports = Field(
        frozenset({80, 443, 8080, 8443}),
        description="ports of public addresses that outgoing requests may use (any port in the allowed networks)",
    )
    fetch_per_authority: int = Field(4, ge=1, le=1000, description="requests at a time to one authority")
    user_agent_contact: str = Field(
        "",
        max_length=200,
        pattern=r"^[ -~]*$",
        description="how strangers reach you, told in the User-Agent; empty = the public URL",
    )


class Working(BaseModel):
    """How much one worker process does at a time."""

    worker_concurrency: int = Field(
        100,
        ge=1,
        le=10_000,
        description="claims in flight in one worker process; slow hosts hold up nobody else",
    )
    reading_processes: int = Field(
        0, ge=0, le=256, description="child processes in which one worker parses strangers' pages; 0 = number of cores"
    )
    reading_timeout_s: float = Field(10.0, gt=0, le=120, description="seconds that the parsing of one page may take")
    reading_memory_mb: int = Field(1024, ge=128, description="megabytes that one parsing process may use")
    shutdown_grace_s: float = Field(
        8.0,
        ge=0,
        le=600,
        description="seconds that a stopping process gives to what it has begun; others do the rest",
    )


class Mailing(BaseModel):
    """How mail is sent to people who sign in by e-mail."""

    mail_url: SecretStr | None = Field(
        None,
        description="server that takes our mail: `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465`; "
        "unset = nobody can sign in by e-mail",
    )
    mail_from: str = Field(
        "", max_length=320, description="sender, `responses@example.com`; empty = `noreply@` the public URL's host"
    )

    @field_validator("mail_url")
    @classmethod
    def _mail_url_names_a_server(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value else None
        if parts is not None and (parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path.strip("/")):
            raise ValueError("must look like smtp://user:password@host:587 or smtps://user:password@host")
        with_port = parts.port if parts is not None else None  # raises ValueError for what is no port
        if with_port == 0:
            raise ValueError("names port 0")
        return value

    @field_validator("mail_from")
    @classmethod
    def _mail_from_is_an_address(cls, value: str) -> str:
        if value and not _ADDRESS.fullmatch(value):
            raise ValueError("must be an address like responses@example.com")
        return value


class Logging(BaseModel):
    """How the processes tell what they do."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="the least severe level that is written"
    )
    log_format: Literal["auto", "text", "json"] = Field(
        "auto", description="`auto` = text on a terminal, else one JSON object per line"
    )


SECTIONS: tuple[type[BaseModel], ...] = (Listening, Keeping, Fetching, Working, Mailing, Logging)
"""In the order of `example.toml` and of the table in docs/operating.md."""

_DRIVERS = {
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
}
"""Scheme as an operator writes it -> the SQLAlchemy driver that we ship."""


class _Files(PydanticBaseSettingsSource):
    """The secret files that the environment names, then the TOML file."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - the base's
        """One field; `__call__` answers for all of them at once."""
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return {**toml_file(self.settings_cls.model_fields), **secret_files()}


class Settings(Logging, Mailing, Working, Fetching, Keeping, Listening, BaseSettings):
    """All options of one process.  Made by `load_settings`; tests may make one with keyword arguments."""

    model_config = SettingsConfigDict(env_prefix="YMATEB_", env_ignore_empty=True, extra="forbid", frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base passes it by name; we read no .env
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise; our twins are in `_Files`
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, and that over the files."""
        return init_settings, env_settings, _Files(settings_cls)

    @property
    def demo_is_on(self) -> bool:
        """Whether the demo blog is shown: switched on, or left to itself and nobody else can reach us."""
        return self.demo == "on" or (self.demo == "auto" and _is_loopback(urlsplit(self.public_url).hostname or ""))

    @property
    def effective_database_url(self) -> str:
        """The database as SQLAlchemy's asyncio drivers want it named."""
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{self.data_dir.absolute() / 'ymateb.sqlite3'}"
        scheme, rest = self.database_url.split("://", 1)
        return _with_asyncpg_names(f"{_DRIVERS[scheme]}://{rest}")

    @property
    def database_is_embedded(self) -> bool:
        """Whether the database is the SQLite file in the data folder, which migrates itself."""
        return self.database_url is None

    @property
    def effective_mail_from(self) -> str:
        """Who our mail is from."""
        return self.mail_from or f"noreply@{urlsplit(self.public_url).hostname}"

    @property
    def user_agent(self) -> str:
        """What outgoing requests call themselves; the word Webmention tells receivers what the request is for."""
        return f"Ymateb/{VERSION} Webmention (+{self.user_agent_contact or self.public_url})"


def _with_asyncpg_names(url: str) -> str:
    """libpq's `sslmode` is `ssl` to asyncpg; everything else passes."""
    scheme, separator, rest = url.partition("://")
    head, mark, query = rest.partition("?")
    if not scheme.startswith("postgresql") or not mark:
        return url
    pairs = [("ssl" if name == "sslmode" else name, value) for name, value in parse_qsl(query, keep_blank_values=True)]
    return f"{scheme}{separator}{head}?{urlencode(pairs, safe='/:')}"


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return False


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process, from the environment and the files that it names.

    Raises SettingsError, one line that names the option and what is wrong with it."""
    check_names(Settings.model_fields)
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError(explain(error)) from None
