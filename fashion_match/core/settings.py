"""Defaults that a user sets once: in the environment (``FM_*``) or in ``fm.toml`` in the working directory."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from fashion_match.core.error import UsageError

FILE = Path("fm.toml")
PREFIX = "FM_"
OTHER_NAMES = {"api_key": "QDRANT_API_KEY"}
"""Variables of other programs that are read where ours is not set."""


class Settings(BaseModel):
    """An option on the command line wins over the environment, and that over ``fm.toml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str = "./fm-data"
    """Folder of the embedded store, or URL of a Qdrant server."""
    collection: str = "default"
    api_key: SecretStr | None = None
    """Of the Qdrant server."""
    cache: Path = Field(default_factory=lambda: Path.home() / ".cache" / "fashion-match")
    """Models of server collections and other things that can be made again."""
    lock_timeout_s: float = Field(default=5.0, ge=0)
    """How long to wait for another process to let go of the embedded store."""
    max_pixels: int = Field(default=100_000_000, gt=0)
    """A photo with more pixels is refused as a decompression bomb."""


def load_settings() -> Settings:
    """Read the settings. Raises UsageError, naming the setting, where one is unknown or does not fit.

    A dozen lines instead of a library, because every query starts with them: pydantic-settings takes 30 ms to import,
    a tenth of a query by attributes from a cold start.
    """
    given = _from_file() | _from_environment()
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise UsageError(f"{FILE} has an unknown setting {name!r}.", f"Known: {', '.join(_names())}.") from None
        raise UsageError(
            f"the setting {name} = {first['input']!r} does not fit: {first['msg']}.",
            f"Correct {PREFIX}{name.upper()} or `{name}` in {FILE}.",
        ) from None


def _names() -> list[str]:
    return list(Settings.model_fields)


def _from_environment() -> dict[str, object]:
    found: dict[str, object] = {}
    for name in _names():
        value = os.environ.get(PREFIX + name.upper()) or os.environ.get(OTHER_NAMES.get(name, ""))
        if value:
            found[name] = value
    return found


def _from_file() -> dict[str, object]:
    try:
        with FILE.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{FILE} cannot be read: {error}.", "Correct it, or remove it.") from None
