"""result.h5: round trip, same bytes, readers of others, hostile files."""

import hashlib
from time import sleep

import h5py
import numpy as np
import pytest
import xarray as xr

from popdyn.errors import IntegrityError, UsageError
from popdyn.results import make_dataset, open_dataset, save, spike_times, with_spikes


@pytest.fixture
def dataset():
    rng = np.random.default_rng(1)
    rate = rng.random((10, 300, 2))
    time = (np.arange(300) + 0.5) * 1e-3
    made = make_dataset(time, ["E", "I"], rate, V_mean=-rate, attrs={"rung": "toy", "bin": 1e-3})
    return with_spikes(made, "E", [0.2, 0.1, 0.1], [3, 2, 1])


def test_round_trip(dataset, tmp_path):
    save(dataset, tmp_path / "result.h5")
    back = open_dataset(tmp_path / "result.h5")
    assert back.identical(dataset)
    times, nodes = spike_times(back)["E"]
    assert list(times) == [0.1, 0.1, 0.2]
    assert list(nodes) == [1, 2, 3]


def test_same_data_gives_the_same_bytes(dataset, tmp_path):
    save(dataset, tmp_path / "a.h5")
    sleep(1.1)
    save(dataset, tmp_path / "b.h5")
    a, b = ((tmp_path / name).read_bytes() for name in ("a.h5", "b.h5"))
    assert hashlib.sha256(a).digest() == hashlib.sha256(b).digest()


def test_xarray_alone_and_sonata_layout(dataset, tmp_path):
    save(dataset, tmp_path / "result.h5")
    with xr.open_dataset(tmp_path / "result.h5", engine="h5netcdf") as plain:
        assert plain["rate"].dims == ("run", "time", "population")
        assert list(plain["population"].values) == ["E", "I"]
    with h5py.File(tmp_path / "result.h5") as file:
        rate = file["rate"]
        assert (rate.compression, rate.shuffle, rate.fletcher32) == ("gzip", True, True)
        assert file["spikes/E/timestamps"].attrs["units"] == "ms"
        assert np.allclose(file["spikes/E/timestamps"], [100, 100, 200])


def external_link(file):
    file["secret"] = h5py.ExternalLink("/etc/passwd", "/x")


def soft_link(file):
    file["alias"] = h5py.SoftLink("/rate")


def deep_link(file):
    file.create_group("a")["b"] = h5py.ExternalLink("other.h5", "/x")


def external_storage(file):
    file.create_dataset("raw", (10,), "u1", external=[("/etc/passwd", 0, 10)])


def virtual(file):
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", (3,))
    file.create_virtual_dataset("virtual", layout)


def shape_bomb(file):
    file.create_dataset("bomb", (10**12,), "f8", chunks=(1000,), compression="gzip")


def lzf(file):
    file.create_dataset("lzf", data=np.zeros(1000), compression="lzf")


def named_type(file):
    file["type"] = np.dtype("f8")


def reference(file):
    file.create_dataset("reference", data=file["rate"].ref, dtype=h5py.ref_dtype)


def nested(file):
    file.create_group("a/b/c/d/e/f")


HOSTILE = [
    external_link,
    soft_link,
    deep_link,
    external_storage,
    virtual,
    shape_bomb,
    lzf,
    named_type,
    reference,
    nested,
]


@pytest.mark.parametrize("poison", HOSTILE, ids=lambda poison: poison.__name__)
def test_hostile_files_are_refused(poison, dataset, tmp_path):
    path = tmp_path / "result.h5"
    save(dataset, path)
    with h5py.File(path, "a") as file:
        poison(file)
    with pytest.raises(IntegrityError):
        open_dataset(path)


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n", b"not hdf5" * 100])
def test_what_is_no_hdf5_is_an_integrity_error(content, tmp_path):
    path = tmp_path / "result.h5"
    path.write_bytes(content)
    with pytest.raises(IntegrityError):
        open_dataset(path)


def test_a_truncated_file_is_an_integrity_error(dataset, tmp_path):
    path = tmp_path / "result.h5"
    save(dataset, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(IntegrityError):
        open_dataset(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.h5: there is no such file"):
        open_dataset(tmp_path / "gone.h5")
