"""Verifying many: every verdict, samples and their bound, nothing moved unless asked."""

import errno
import os
import shutil

import pytest

from popdyn.errors import IntegrityError
from popdyn.store import Store
from popdyn.store.check import Verdicts, verify
from popdyn.store.sealed import seal, unseal

from .damage import publish, rewrite
from .toy_writer import key_of


@pytest.fixture
def store(tmp_path):
    for number in range(20):
        publish(tmp_path, number)
    return Store(tmp_path)


def test_all_are_whole(store):
    found = verify(store, store.keys())
    assert (found.of, found.whole, found.looked_at, found.bound) == (20, 20, 20, 0.0)


def test_every_kind_is_told_apart_and_stays(store, monkeypatch):
    places = {number: store.path(key_of(number)) for number in range(20)}
    rewrite(places[1] / "result.h5", b"x")
    newer = places[2] / "manifest.json"
    rewrite(newer, seal({**unseal(newer.read_bytes()), "schema": 9}))
    keys = list(store.keys())
    shutil.rmtree(places[3])
    shutil.rmtree(places[4])
    places[4].symlink_to(places[5])
    shutil.rmtree(places[6])
    places[6].write_text("a file")
    failing, real = str(places[7] / "manifest.json"), os.open

    def open_(path, *arguments, **options):
        if str(path) == failing:
            raise OSError(errno.EIO, "Input/output error")
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", open_)
    found = verify(store, keys, read=lambda place: refuse(place, places[8]))
    assert set(found.damaged) == {key_of(number) for number in (1, 4, 6, 8)}
    assert (set(found.newer), set(found.unreadable)) == ({key_of(2)}, {key_of(7)})
    assert (found.gone, found.whole, found.of, found.looked_at) == (1, 13, 20, 19)
    assert not (store.root / "quarantine").exists()


def refuse(place, one):
    if place == one:
        raise IntegrityError("cannot be read")


def test_damaged_ones_are_put_away_if_asked(store):
    place = store.path(key_of(1))
    rewrite(place / "log.txt", b"x")
    found = verify(store, store.keys(), quarantine=True)
    assert "moved to" in found.damaged[key_of(1)]
    assert not place.exists()
    assert verify(store, store.keys()).of == 19


def test_a_sample_is_random_and_repeatable(store):
    seen = []
    for seed in (1, 1, 2, 3):
        looked = []
        verify(store, store.keys(), share=0.25, seed=seed, read=looked.append)
        assert len(looked) == 5
        seen.append(looked)
    assert seen[0] == seen[1]
    assert len({tuple(map(str, looked)) for looked in seen}) > 1


def test_what_a_sample_bounds():
    """None of 300 is damaged: at most 1 % of all (95 %)."""
    assert Verdicts(of=10_000, whole=300).bound == pytest.approx(0.00994, abs=1e-5)
    assert Verdicts(of=300, whole=300).bound == 0.0
    assert Verdicts(of=5).bound == 1.0


def test_a_sampled_store_with_damage_is_found_out_as_often_as_the_bound_says(store):
    """One of 20 is damaged: a sample of 10 sees it half of the time; of 100, 30 to 70 do (1 - 4e-5)."""
    rewrite(store.path(key_of(1)) / "result.h5", b"x")
    hits = sum(bool(verify(store, store.keys(), share=0.5, seed=seed).damaged) for seed in range(100))
    assert 30 <= hits <= 70
