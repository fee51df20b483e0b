"""Ways to damage an object of a store; every one must be seen."""

import os
import random
import shutil

from popdyn.errors import IntegrityError
from popdyn.store import Store

from .toy_writer import key_of

FILES = ("result.h5", "manifest.json", "log.txt")


def publish(root, number):
    def write(draft):
        (draft / "result.h5").write_bytes(random.Random(number).randbytes(3000))
        (draft / "log.txt").write_text(f"log of {number}\n")

    return Store(root).publish(key_of(number), write, {"job": {"number": number}})


def rewrite(path, data):
    path.chmod(0o600)
    path.write_bytes(data)


def flip(place, other, rng):
    path = place / rng.choice(FILES)
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    rewrite(path, bytes(data))


def truncate(place, other, rng):
    path = place / rng.choice(FILES)
    rewrite(path, path.read_bytes()[: rng.randrange(path.stat().st_size)])


def extend(place, other, rng):
    path = place / rng.choice(FILES)
    rewrite(path, path.read_bytes() + rng.randbytes(rng.randrange(1, 5)))


def zero_block(place, other, rng):
    data = bytearray((place / "result.h5").read_bytes())
    start = rng.randrange(len(data) - 512)
    data[start : start + 512] = bytes(512)
    rewrite(place / "result.h5", bytes(data))


def swap_a_file(place, other, rng):
    name = rng.choice(FILES)
    rewrite(place / name, (other / name).read_bytes())


def swap_all_files(place, other, rng):
    for name in FILES:
        rewrite(place / name, (other / name).read_bytes())


def drop_a_file(place, other, rng):
    (place / rng.choice(FILES)).unlink()


def add_a_file(place, other, rng):
    (place / f"extra{rng.randrange(100)}.txt").write_bytes(rng.randbytes(3))


def link_a_file(place, other, rng):
    name = rng.choice(FILES)
    shutil.copy(place / name, place.parent / "outside")
    (place / name).unlink()
    (place / name).symlink_to(place.parent / "outside")


def link_the_folder(place, other, rng):
    shutil.rmtree(place)
    place.symlink_to(other)


WAYS = (flip, truncate, extend, zero_block, swap_a_file, swap_all_files, drop_a_file, add_a_file, link_a_file,
        link_the_folder)  # fmt: skip


def undetected(root, trials, seed):
    """Trials of damage that a look at the object did not see, as (way, trial); half of them are flips of one bit."""
    rng, store = random.Random(seed), Store(root)
    for number in (1, 2):
        publish(root, number)
    whole = {name: (store.path(key_of(1)) / name).read_bytes() for name in FILES}
    other, missed = store.path(key_of(2)), []
    for trial in range(trials):
        way = flip if trial % 2 else WAYS[trial // 2 % len(WAYS)]
        place = store.path(key_of(1))
        way(place, other, rng)
        try:
            Store(root).find(key_of(1))
            missed.append((way.__name__, trial))
        except IntegrityError:
            pass
        restore(root, place, whole)
    return missed


def restore(root, place, whole):
    for leftover in (root / "quarantine", place):
        shutil.rmtree(leftover, ignore_errors=True)
    if place.is_symlink():
        place.unlink()
    os.makedirs(place)
    for name, content in whole.items():
        (place / name).write_bytes(content)
