"""result.h5: round trip, same bytes, readers of others, broken files (hostile ones: tests/hdf5)."""

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


def test_what_was_there_stays_until_the_new_is_whole(dataset, tmp_path, monkeypatch):
    path = tmp_path / "result.h5"
    save(dataset, path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        save(dataset * 2, path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["result.h5"]


def test_hdf5_that_is_no_result_is_an_integrity_error(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["spikes"] = [1.0]
    with pytest.raises(IntegrityError, match="not a result of popdyn"):
        open_dataset(tmp_path / "a.h5")
    with pytest.raises(IntegrityError, match="not a result of popdyn"):
        open_dataset(tmp_path / "a.h5", ours=True)
