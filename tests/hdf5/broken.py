"""Bytes that are no result: cut, flipped, of other formats, or no file at all."""

import gzip
import os
import random
import zipfile

from .corpus import good

MAGIC = b"\x89HDF\r\n\x1a\n"
BYTES = {
    "empty": b"",
    "magic alone": MAGIC,
    "magic and noise": MAGIC + random.Random(1).randbytes(3000),
    "noise": random.Random(2).randbytes(3000),
    "superblock 255": MAGIC + b"\xff" * 200,
    "superblock 0 of ones": MAGIC + b"\x00" * 5 + b"\x08\x08\x00" + b"\xff" * 80,
    "netcdf 3": b"CDF\x01" + bytes(200),
    "pickle": b"\x80\x04cposix\nsystem\n(S'touch EXECUTED'\ntR.",
    "text": b"rate,time\n1,2\n",
    "gzip": gzip.compress(bytes(10**6)),
}


def make_bytes(name):
    return lambda path: path.write_bytes(BYTES[name])


def cut(share):
    def make(path):
        good(path)
        path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])

    return make


def flipped(seed, bits):
    """Flips in the first 2 KiB, where most of the structure lies."""

    def make(path):
        good(path)
        rng, data = random.Random(seed), bytearray(path.read_bytes())
        for _ in range(bits):
            data[rng.randrange(min(2048, len(data)))] ^= 1 << rng.randrange(8)
        path.write_bytes(bytes(data))

    return make


def user_block(path):
    good(path)
    path.write_bytes(bytes(512) + path.read_bytes())


def archive(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("result.h5", b"x")


def pipe(path):
    os.mkfifo(path)


def folder(path):
    path.mkdir()


def device(path):
    path.symlink_to("/dev/zero")


BROKEN = {name: make_bytes(name) for name in BYTES}
BROKEN |= {f"cut at {share}": cut(share) for share in (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)}
BROKEN |= {f"{bits} bits flipped, {seed}": flipped(seed, bits) for seed in range(12) for bits in (1, 3, 20)}
BROKEN |= {made.__name__: made for made in (user_block, archive, pipe, folder, device)}
