"""Defaults that a user sets once: in the environment (``FM_*``) or in ``fm.toml`` in the working directory."""

from __future__ import annotations

from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from fashion_match.core.error import UsageError

FILE = Path("fm.toml")


class Settings(BaseSettings):
    """An option on the command line wins over the environment, and that over ``fm.toml``."""

    model_config = SettingsConfigDict(env_prefix="FM_", toml_file=FILE, extra="ignore", frozen=True)

    store: str = "./fm-data"
    """Folder of the embedded store, or URL of a Qdrant server."""
    collection: str = "default"
    api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("FM_API_KEY", "QDRANT_API_KEY", "api_key")
    )
    """Of the Qdrant server; ``QDRANT_API_KEY`` is read where ``FM_API_KEY`` is not set."""
    cache: Path = Field(default_factory=lambda: Path.home() / ".cache" / "fashion-match")
    """Models of server collections and other things that can be made again."""
    lock_timeout_s: float = Field(default=5.0, ge=0)
    """How long to wait for another process to let go of the embedded store."""
    max_pixels: int = Field(default=100_000_000, gt=0)
    """A photo with more pixels is refused as a decompression bomb."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings() -> Settings:
    """Read the settings. Raises UsageError, naming the setting, where one does not fit."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"the setting {name} = {first['input']!r} does not fit: {first['msg']}.",
            f"Correct FM_{name.upper()} or `{name}` in {FILE}.",
        ) from None
    except ValueError as error:  # a fm.toml that is not TOML
        raise UsageError(f"{FILE} cannot be read: {error}.") from None
