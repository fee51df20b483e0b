"""A result is absent or whole: kills, damage, races, full disks."""

import errno
import os
import random

import pytest

from popdyn.errors import IntegrityError, ResourceError, UsageError
from popdyn.store import Store, default_root
from popdyn.store.durable import remove

from .damage import undetected
from .toy_writer import content, key_of, publish
from .trials import kill, race


def check_whole(store, numbers):
    """How many are there; each that is there is whole."""
    found = [number for number in numbers if store.find(key_of(number)) is not None]
    for number in found:
        assert (store.path(key_of(number)) / "result.h5").read_bytes() == content(number)
    return len(found)


def test_what_is_published_is_found(tmp_path):
    store = Store(tmp_path / "store")
    assert store.find(key_of(1)) is None
    place = publish(store, 1)
    assert store.find(key_of(1)) == place == store.path(key_of(1))
    assert sorted(path.name for path in place.iterdir()) == ["log.txt", "manifest.json", "result.h5"]
    assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {0o400}
    assert place.stat().st_mode & 0o777 == 0o500
    assert not list((tmp_path / "store" / "staging").iterdir())


def test_default_root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("POPDYN_STORE", raising=False)
    assert default_root() == tmp_path / "popdyn_store"
    monkeypatch.setenv("POPDYN_STORE", str(tmp_path / "other"))
    assert default_root() == tmp_path / "other"


def test_obtain_does_the_work_once(tmp_path):
    store, calls = Store(tmp_path), []

    def write(directory):
        calls.append(1)
        (directory / "result.h5").write_bytes(b"x")

    assert store.obtain(key_of(1), write, {}) == store.obtain(key_of(1), write, {})
    assert len(calls) == 1


def test_a_writer_that_fails_leaves_nothing(tmp_path):
    store = Store(tmp_path)

    def write(directory):
        (directory / "result.h5").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.publish(key_of(1), write, {})
    assert store.find(key_of(1)) is None
    assert not list((tmp_path / "staging").iterdir())


def test_an_empty_result_is_refused(tmp_path):
    with pytest.raises(UsageError):
        Store(tmp_path).publish(key_of(1), lambda directory: None, {})


def test_killed_at_any_moment_a_result_is_absent_or_whole(tmp_path):
    """Real SIGKILLs at random times of a writer that publishes without pause; the next writer finishes the rest."""
    done, left = kill(tmp_path, 25, seed=5)
    assert done >= 25
    publish(Store(tmp_path), done)
    assert not os.listdir(tmp_path / "staging"), f"{left} left by the killed were not swept"


def test_damage_of_every_kind_is_seen(tmp_path):
    assert undetected(tmp_path, 500, seed=11) == []


def test_eight_processes_racing_for_the_same_keys_publish_each_once(tmp_path):
    assert race(tmp_path, 100) >= 100


def flip(path, rng):
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    rewrite(path, bytes(data))


def truncate(path, rng):
    rewrite(path, path.read_bytes()[: rng.randrange(path.stat().st_size)])


def rewrite(path, data):
    path.chmod(0o600)
    path.write_bytes(data)


def test_damage_is_detected_quarantined_and_computed_anew(tmp_path):
    rng = random.Random(7)
    told = []
    for trial in range(60):
        store = Store(tmp_path)
        place = publish(store, 1)
        victim = place / ("manifest.json" if trial % 3 == 2 else "result.h5")
        (flip if trial % 4 else truncate)(victim, rng)
        with pytest.raises(IntegrityError, match="quarantine"):
            store.find(key_of(1))
        assert store.find(key_of(1)) is None
        place = store.obtain(key_of(1), lambda d: (d / "result.h5").write_bytes(content(1)), {}, told.append)
        assert (place / "result.h5").read_bytes() == content(1)
        remove(place)
    assert len(list((tmp_path / "quarantine").iterdir())) == 60


def test_damage_after_a_first_look_is_seen(tmp_path):
    store = Store(tmp_path)
    place = publish(store, 1)
    assert store.find(key_of(1))
    flip(place / "result.h5", random.Random(1))
    told = []
    store.obtain(key_of(1), lambda d: (d / "result.h5").write_bytes(content(1)), {}, told.append)
    assert len(told) == 1


@pytest.mark.parametrize("damage", ["missing", "extra", "symlink", "swapped"])
def test_files_that_do_not_belong_are_detected(damage, tmp_path):
    store = Store(tmp_path)
    place, other = publish(store, 1), publish(store, 2)
    place.chmod(0o700)
    if damage == "missing":
        (place / "result.h5").unlink()
    elif damage == "extra":
        (place / "extra").write_text("x")
    elif damage == "symlink":
        (place / "result.h5").unlink()
        (place / "result.h5").symlink_to(other / "result.h5")
    else:
        rewrite(place / "result.h5", (other / "result.h5").read_bytes())
        rewrite(place / "manifest.json", (other / "manifest.json").read_bytes())
    with pytest.raises(IntegrityError):
        store.find(key_of(1))


def test_another_result_under_one_key_is_an_alarm_and_overwrites_nothing(tmp_path):
    store = Store(tmp_path)
    publish(store, 1)
    with pytest.raises(IntegrityError, match="not deterministic"):
        store.publish(key_of(1), lambda d: (d / "result.h5").write_bytes(b"other"), {})
    assert check_whole(store, [1]) == 1
    kept = list((tmp_path / "quarantine").iterdir())
    assert [(path / "result.h5").read_bytes() for path in kept] == [b"other"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_or_closed_disk_is_a_resource_error_and_leaves_nothing(code, tmp_path):
    store = Store(tmp_path)

    def write(directory):
        (directory / "result.h5").write_bytes(b"half")
        raise OSError(code, os.strerror(code))

    with pytest.raises(ResourceError, match="nothing was published"):
        store.publish(key_of(1), write, {})
    assert store.find(key_of(1)) is None
    publish(store, 1)


def test_a_newer_store_is_refused(tmp_path):
    (tmp_path / "STORE.toml").write_text("format = 2\n")
    with pytest.raises(UsageError, match="newer popdyn"):
        Store(tmp_path)


def test_keys_are_listed_without_reading_and_what_is_foreign_is_not_listed(tmp_path):
    store = Store(tmp_path)
    assert list(store.keys()) == []
    for number in range(20):
        publish(store, number)
    (tmp_path / "objects" / "zz").mkdir()
    (tmp_path / "objects" / "zz" / "notes").mkdir()
    (tmp_path / "objects" / "file").write_text("x")
    assert list(store.keys()) == sorted(key_of(number) for number in range(20))
