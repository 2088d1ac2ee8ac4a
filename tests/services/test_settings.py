"""Settings: flag before environment before config file before default."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from riskprofile.errors import StoreError, UsageError
from riskprofile.services import settings

ROOT = Path(__file__).resolve().parents[2]


def test_without_anything_told_the_home_is_in_the_users_data_folder(tmp_path):
    found = settings.load({"XDG_DATA_HOME": str(tmp_path)})
    assert found.home == tmp_path / "riskprofile"
    assert found.database_url == f"sqlite:///{tmp_path}/riskprofile/riskprofile.db"
    assert found.models == ROOT / "models"
    assert found.random_share == 0.10


def test_each_place_gives_way_to_the_one_before(tmp_path):
    (tmp_path / "config.toml").write_text('random_share = 0.2\nmodels = "/from/config"\n')
    told = {"RISKPROFILE_HOME": str(tmp_path), "RISKPROFILE_MODELS": "/from/environment"}
    found = settings.load(told)
    assert (found.random_share, found.models) == (0.2, Path("/from/environment"))
    found = settings.load({**told, "RISKPROFILE_RANDOM_SHARE": "0.3"}, models="/from/flag")
    assert (found.random_share, found.models) == (0.3, Path("/from/flag"))
    assert settings.load(told, random_share=None).random_share == 0.2  # no flag was given


def test_a_config_file_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "config.toml").write_text("random_share = 0.2\n", encoding="utf-8-sig")
    assert settings.load({}, home=tmp_path).random_share == 0.2


def test_a_flag_names_another_home(tmp_path):
    found = settings.load({"RISKPROFILE_HOME": "/elsewhere"}, home=tmp_path)
    assert found.home == tmp_path


@pytest.mark.parametrize(
    ("config", "told", "flags", "says"),
    [
        ("random_share = 2", {}, {}, "config.toml: setting random_share"),
        ("", {"RISKPROFILE_RANDOM_SHARE": "lots"}, {}, "RISKPROFILE_RANDOM_SHARE: setting"),
        ("", {}, {"max_bad_share": -1}, "--max-bad-share: setting max_bad_share"),
        ("radnom_share = 0.1", {}, {}, "setting radnom_share: there is no such setting. Did you"),
        ("radnom_share = 0.1", {}, {}, "Did you mean random_share? Known settings: agreed_range"),
        ("agreed_range = [0.9, 0.7]", {}, {}, "setting agreed_range: value error, give the lower"),
        ("quick_range = [0, 8]", {}, {}, "config.toml: setting quick_range"),
        ("", {"RISKPROFILE_HELD_RANGE": "0.6"}, {}, "RISKPROFILE_HELD_RANGE: setting held_range"),
        ('home = "/data"', {}, {}, "config.toml: setting home: the home is not named in its own"),
        ("random_share 0.1", {}, {}, "not TOML"),
    ],
)
def test_a_setting_that_cannot_be_is_named_with_its_place(tmp_path, config, told, flags, says):
    (tmp_path / "config.toml").write_text(config)
    with pytest.raises(UsageError) as caught:
        settings.load(told, home=tmp_path, **flags)
    assert says in str(caught.value) and caught.value.exit_code == 2
    assert ("Known settings" in str(caught.value)) == ("no such setting" in str(caught.value))


def test_the_ranges_of_a_shift_are_told_as_two_shares(tmp_path):
    (tmp_path / "config.toml").write_text("agreed_range = [0.6, 0.9]\n")
    told = settings.load({"RISKPROFILE_QUICK_RANGE": "0, 0.05"}, home=tmp_path)
    assert told.ranges == {"agrees": (0.6, 0.9), "quick": (0.0, 0.05), "held": (0.6, 1.0)}


def test_a_config_file_cannot_state_a_legal_basis(tmp_path):
    (tmp_path / "config.toml").write_text('[basis.traveller]\nlegal_basis = "x"\nassessment = "y"')
    assert settings.load({}, home=tmp_path).basis == {}


def test_the_home_is_made_for_its_owner_alone(tmp_path):
    found = settings.load({}, home=tmp_path / "deep" / "home")
    store = settings.open_store(found)
    store.close()
    assert stat.S_IMODE(found.home.stat().st_mode) == 0o700
    assert (found.home / "riskprofile.db").is_file()


def test_a_home_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be made"):
        settings.open_store(settings.load({}, home=tmp_path / "file" / "home"))


def test_another_database_is_opened_by_its_address(tmp_path, postgres_url):
    found = settings.load({"RISKPROFILE_DATABASE_URL": postgres_url}, home=tmp_path)
    store = settings.open_store(found)
    assert store.engine.dialect.name == "postgresql"
    store.close()
    with pytest.raises(StoreError):
        settings.open_store(settings.load({}, home=tmp_path, database_url="mysql://x"))


SECRET = 'database_url = "postgresql://risk:{}@db.example/risk"\n'


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        (SECRET.format("hunter2"), 0o600, ""),
        (SECRET.format("hunter2"), 0o640, "others may read the config file, and a password"),
        (SECRET.format("hunter2"), 0o604, "others may read the config file, and a password"),
        ('database_url = "postgresql://db/risk?user=r&password=hunter2"\n', 0o644, "may read"),
        ('database_url = "postgresql://risk@db.example:5432/risk"\n', 0o644, ""),
        ("random_share = 0.2\n", 0o644, ""),
        ("random_share = 0.2\n", 0o664, "others may change the config file"),
        ("random_share = 0.2\n", 0o602, "others may change the config file"),
    ],
)
def test_a_config_file_that_others_read_or_change_is_refused(tmp_path, content, mode, says):
    file = tmp_path / "config.toml"
    file.write_text(content)
    file.chmod(mode)
    if not says:
        settings.load({}, home=tmp_path)
        return
    with pytest.raises(UsageError, match=says) as error:
        settings.load({}, home=tmp_path)
    assert str(file) in str(error.value) and "chmod 600" in str(error.value)
    assert "hunter2" not in str(error.value)
