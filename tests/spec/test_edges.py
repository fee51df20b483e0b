"""Edge tables: the same table from CSV, HDF5, Parquet, lists and a resolved document; broken and hostile ones."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from network_parts import network

from popdyn.errors import SpecError
from popdyn.spec import load, to_dict
from popdyn.spec.edge_files import MAX_EDGES

CSV = "source,target,weight,delay\n3,2,0.2,1\n0,1,0.1,1.5\n3,2,0.2,1\n"
UNITS = {"weight_unit": "mV", "delay_unit": "ms"}
COLUMNS = {"source": [3, 0, 3], "target": [2, 1, 2], "weight": [0.2, 0.1, 0.2], "delay": [1.0, 1.5, 1.0]}


def explicit(edges: object, **keys: object) -> dict:
    return network({"rule": "explicit", "edges": edges, "J": None} | keys)


def faults(folder: Path | None, edges: object, **keys: object) -> str:
    with pytest.raises(SpecError) as caught:
        load(explicit(edges, **keys), folder=folder)
    assert all(str(fault).isprintable() for fault in caught.value.faults)
    return str(caught.value)


def hdf5(path: Path, **columns: object) -> None:
    with h5py.File(path, "w") as file:
        for name, column in columns.items():
            file.create_dataset(name, data=column, compression="gzip" if len(np.shape(column)) else None)


def test_a_table_is_the_same_however_it_is_written(tmp_path):
    (tmp_path / "e.csv").write_text(CSV)
    hdf5(tmp_path / "e.h5", **COLUMNS)
    networks = [load(explicit(name, **UNITS), folder=tmp_path) for name in ("e.csv", "e.h5")]
    networks.append(load(explicit(COLUMNS, **UNITS)))
    in_volts = COLUMNS | {"weight": [2e-4, 1e-4, 2e-4]}
    networks.append(load(explicit(in_volts, weight_unit="V", delay_unit="ms")))
    networks += [load(json.loads(json.dumps(to_dict(found)))) for found in networks]
    for found in networks:
        assert found == networks[0]
        assert found.spec_hash == networks[0].spec_hash
        edges, synapse = found.connections[0].edges, found.connections[0].synapse
        assert edges.target.tolist() == [1, 2, 2]
        assert edges.source.tolist() == [0, 3, 3]
        assert edges.weight == pytest.approx([1e-4, 2e-4, 2e-4])
        assert edges.delay == pytest.approx([1.5e-3, 1e-3, 1e-3])
        assert math.isclose(synapse.J, 5e-4 / 3)
        assert synapse.weight.parameters == pytest.approx([1e-4, 2e-4, 2e-4])
        assert synapse.delays.parameters == pytest.approx([1e-3, 1e-3, 1.5e-3])


@pytest.mark.foreign
def test_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table(COLUMNS), tmp_path / "e.parquet")
    assert load(explicit("e.parquet", **UNITS), folder=tmp_path) == load(explicit(COLUMNS, **UNITS))


def test_parquet_without_pyarrow_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    (tmp_path / "e.parquet").write_bytes(b"PAR1")
    assert "pip install pyarrow" in faults(tmp_path, "e.parquet", J="1 mV")


def test_the_hash_is_of_the_content():
    base = load(explicit(COLUMNS, **UNITS)).spec_hash
    for change in ({"source": [3, 0, 2]}, {"target": [2, 1, 3]}, {"weight": [0.2, 0.1, 0.3]}, {"delay": [1, 1.5, 2]}):
        assert load(explicit(COLUMNS | change, **UNITS)).spec_hash != base
    document = to_dict(load(explicit(COLUMNS, **UNITS)), arrays=False)
    assert set(document["connections"][0]["edges"]) == {"count", "sha256"}
    with pytest.raises(SpecError, match="no source"):
        load(document)


def test_constant_weight_and_delay():
    found = load(explicit({"source": [0, 1], "target": [0, 0]}, J="0.1 mV", delay="2 ms"))
    synapse, edges = found.connections[0].synapse, found.connections[0].edges
    assert (synapse.J, synapse.delay, synapse.weight, synapse.delays) == (1e-4, 2e-3, None, None)
    assert edges.weight.tolist() == [1e-4, 1e-4]
    document = to_dict(found)
    assert (document["connections"][0]["edges"]["weight"], document["connections"][0]["edges"]["delay"]) == (1e-4, 2e-3)
    assert load(document) == found


def test_weights_as_currents_and_conductances():
    current = explicit(COLUMNS, weight_unit="pA", delay_unit="ms", synapse="alpha", tau_syn="5 ms")
    weight = load(current).connections[0].edges.weight
    assert weight == pytest.approx(np.e * 5e-3 / 100e-12 * 1e-12 * np.array([0.1, 0.2, 0.2]), rel=1e-12)
    conductance = {"synapse": "conductance", "tau_syn": "5 ms", "E_rev": "0 mV"}
    found = load(explicit(COLUMNS, weight_unit="nS", delay_unit="ms", **conductance))
    assert found.connections[0].edges.weight == pytest.approx([1e-10, 2e-10, 2e-10])
    assert load(to_dict(found)) == found
    assert "S, mS" in faults(None, COLUMNS, **UNITS, **conductance)
    assert "V, mV" in faults(None, COLUMNS, weight_unit="pA", delay_unit="ms")


def test_a_summary_of_many_weights_keeps_their_mean():
    rng = np.random.default_rng(3)
    source, target = rng.integers(0, 100, 3333), rng.integers(0, 40, 3333)
    columns = {"source": source.tolist(), "target": target.tolist(), "weight": rng.exponential(0.1, 3333).tolist()}
    synapse = load(explicit(columns, weight_unit="mV")).connections[0].synapse
    assert len(synapse.weight.parameters) == 1000
    mean, std = 1e-3 * np.mean(columns["weight"]), 1e-3 * np.std(columns["weight"])
    assert (synapse.J, synapse.weight.moments[0]) == pytest.approx((mean, mean), rel=1e-12)
    assert synapse.weight.moments[1] == pytest.approx(std, rel=5e-3)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("source,target\n", "no edges"),
        ("", "columns"),
        ("source\n1\n", "source, target, weight, delay"),
        ("source,target,colour\n1,1,1\n", "colour"),
        ("source,target,source\n1,1,1\n", "columns"),
        ("source,target\n1,40\n", "target 40 in row 1"),
        ("source,target\n0,0\n100,1\n", "source 100 in row 2"),
        ("source,target\n-1,1\n", "from 0 to 99"),
        ("source,target\n1.5,1\n", "whole numbers"),
        ("source,target\nnan,1\n", "whole numbers"),
        ("source,target\n1e300,1\n", "whole numbers"),
        ("source,target\n1\n", "columns"),
        ("source,target\n1,2\n1,2,3\n", "columns"),
        ("source,target\n1,x\n", "could not convert"),
        ("source,target\n1,__import__('os')\n", "could not convert"),
        ("source,target,weight\n1,1,inf\n", "at most 100 mV"),
        ("source,target,weight\n1,1,200\n", "at most 100 mV"),
        ("source,target,delay\n1,1,0\n", "above 0 ms"),
        ("source,target,delay\n1,1,-1\n", "above 0 ms"),
    ],
)
def test_broken_csv(text, says, tmp_path):
    (tmp_path / "e.csv").write_text(text)
    keys = {"weight_unit": "mV"} if "weight" in text else {"J": "1 mV"}
    keys |= {"delay_unit": "ms"} if "delay" in text else {}
    assert says in faults(tmp_path, "e.csv", **keys)


def test_keys_beside_a_table(tmp_path):
    (tmp_path / "e.csv").write_text(CSV)
    assert "both J and a column weight" in faults(tmp_path, "e.csv", J="1 mV", **UNITS)
    assert "both delay and a column delay" in faults(tmp_path, "e.csv", delay="1 ms", **UNITS)
    assert "weight_unit: got nothing" in faults(tmp_path, "e.csv", delay_unit="ms")
    assert "delay_unit: got nothing" in faults(tmp_path, "e.csv", weight_unit="mV")
    pairs = {"source": [0], "target": [0]}
    assert "no column weight" in faults(None, pairs)
    assert "draw the weights into the table" in faults(None, pairs, J={"gamma": ["1 mV", "0.1 mV"]})
    assert "draw the delays" in faults(None, pairs, J="1 mV", delay={"gamma": ["1 ms", "0.1 ms"]})
    assert "edges of one source and target" in faults(tmp_path, "e.csv", multapses=False, **UNITS)
    assert "to itself" in faults(None, {"source": [5], "target": [5]}, pre="I", J="1 mV", autapses=False)
    assert "negative weights" in faults(tmp_path, "e.csv", type="inhibitory", **UNITS)
    assert "a key of rule explicit" in faults(None, "e.csv", rule="all_to_all", J="1 mV")
    assert "got nothing" in faults(tmp_path, None, J="1 mV")
    assert "different lengths" in faults(None, {"source": [1], "target": [1, 2]}, J="1 mV")


@pytest.mark.parametrize(
    "name", ["../e.csv", "/etc/passwd", "none.csv", "none.h5", "e\x00.csv", "", "sub", "C:\\e.csv"]
)
def test_no_file_outside_the_folder(name, tmp_path):
    (tmp_path / "sub").mkdir()
    assert "edges" in faults(tmp_path, name, J="1 mV")


def test_broken_and_hostile_hdf5(tmp_path):
    good = {"source": np.arange(4), "target": np.arange(4)}
    hdf5(tmp_path / "outside.h5", **good)

    def refused(make, says: str) -> None:
        path = tmp_path / "e.h5"
        path.unlink(missing_ok=True)
        with h5py.File(path, "w") as file:
            file["source"] = good["source"]
            make(file)
        assert says in faults(tmp_path, "e.h5", J="1 mV")

    refused(lambda f: f.__setitem__("target", h5py.ExternalLink("outside.h5", "/target")), "a link")
    refused(lambda f: f.__setitem__("target", h5py.SoftLink("/source")), "a link")
    refused(lambda f: f.create_group("target"), "not a plain column")
    refused(lambda f: f.create_dataset("target", data=np.zeros((2, 2))), "not a plain column")
    refused(lambda f: f.create_dataset("target", data=[b"a"] * 4), "not a plain column")
    refused(lambda f: f.create_dataset("target", data=np.arange(5)), "different lengths")
    refused(lambda f: None, "columns")
    refused(lambda f: f.create_dataset("target", (4,), "i8", external=[("/etc/passwd", 0, 32)]), "in another file")
    layout = h5py.VirtualLayout(shape=(4,), dtype="i8")
    layout[:] = h5py.VirtualSource(tmp_path / "outside.h5", "target", shape=(4,))
    refused(lambda f: f.create_virtual_dataset("target", layout), "in another file")
    (tmp_path / "e.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"x" * 100)
    assert "readable table" in faults(tmp_path, "e.h5", J="1 mV")


def test_a_bomb_is_refused_with_its_size(tmp_path):
    """Two empty columns of 10^9 edges take a few KiB on disk."""
    with h5py.File(tmp_path / "e.h5", "w") as file:
        for name in ("source", "target"):
            file.create_dataset(name, (10**9,), "i8", chunks=(10**6,), compression="gzip")
    start = time.process_time()
    got = faults(tmp_path, "e.h5", J="1 mV")
    assert time.process_time() - start < 1.0
    assert "1000000000 edges, which take 30518 MiB" in got
    assert f"at most {MAX_EDGES} edges (610 MiB)" in got


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "0" * 64},
        {"source": "AAAA"},
        {"source": "!!!!"},
        {"source": 3},
        {"target": ""},
        {"weight": "AAAA"},
        {"weight": 5.0},
        {"delay": -1.0},
        {"source": "//////////////////8="},
    ],
)
def test_an_edited_resolved_document(change):
    document = to_dict(load(explicit(COLUMNS, **UNITS)))
    document["connections"][0]["edges"] |= change
    with pytest.raises(SpecError, match="edges"):
        load(document)
