from __future__ import annotations

import pytest

from fashion_match import UsageError
from fashion_match.core.settings import load_settings


def test_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_settings().store == "./fm-data"
    (tmp_path / "fm.toml").write_text('store = "from-file"\ncollection = "shop"\n')
    assert (load_settings().store, load_settings().collection) == ("from-file", "shop")
    monkeypatch.setenv("FM_STORE", "from-env")
    assert (load_settings().store, load_settings().collection) == ("from-env", "shop")


@pytest.mark.parametrize("text", ["lock_timeout_s = 'soon'", "store = "])
def test_a_wrong_setting_is_named(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fm.toml").write_text(text)
    with pytest.raises(UsageError, match=r"lock_timeout_s|fm\.toml"):
        load_settings()


def test_the_key_of_the_server_is_never_printed(monkeypatch):
    monkeypatch.setenv("FM_API_KEY", "secret-key")
    assert "secret-key" not in repr(load_settings())
    assert load_settings().api_key.get_secret_value() == "secret-key"


def test_the_usual_name_of_the_key_is_read_too(monkeypatch):
    monkeypatch.setenv("QDRANT_API_KEY", "usual")
    assert load_settings().api_key.get_secret_value() == "usual"


def test_an_unknown_setting_in_the_file_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fm.toml").write_text('stroe = "x"')
    with pytest.raises(UsageError, match=r"(?s)stroe.*store"):
        load_settings()
