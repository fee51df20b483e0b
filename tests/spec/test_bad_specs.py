"""Every broken or hostile file is refused where it is wrong, in words, quickly, and nothing in it runs."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hostile_corpus import BASE, CANARY, Case
from hostile_corpus import CASES as PLAIN
from hostile_networks import CASES as NETWORKS

from popdyn.errors import SpecError
from popdyn.spec import from_dict, load

LIMIT = 2.0
CASES = [*PLAIN, *NETWORKS]


def write(case: Case, folder: Path) -> Path:
    for name, data in case.extra.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    path = folder / f"spec{case.suffix}"
    path.write_bytes(case.content)
    return path


def test_the_unbroken_file_loads(tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text(BASE)
    assert list(load(path).populations) == ["E", "I"]


def test_there_are_enough_and_no_two_alike():
    assert len(CASES) >= 200
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write(case, tmp_path)
    start = time.process_time()
    with pytest.raises(SpecError) as caught:
        load(path)
    assert time.process_time() - start < LIMIT
    faults = caught.value.faults
    found = [fault for fault in faults if fault.path == case.path and case.says in str(fault)]
    assert found, "\n".join(str(fault)[:300] for fault in faults[:10])
    assert all(str(fault).isprintable() for fault in faults)
    assert all(fault.allowed for fault in faults)
    assert not (tmp_path / CANARY).exists()


def test_all_faults_of_a_file_in_one_answer(tmp_path):
    broken = (
        BASE.replace('C_m = "200 pF"', "C_m = 200")
        .replace('V_reset = "-70 mV"', 'V_reset = "-30 mV"')
        .replace('sigma = "2 mV/sqrt(ms)"', 'sigma = "2 mV"')
        .replace('model = "lif"', 'model = "glif"')
        .replace("K = 100", "K = 1.5")
        .replace('until = "700 ms"', 'until = "400 ms"')
        .replace('kind = "ou"', 'kind = "uo"')
        .replace("schema = 1", 'schema = 1\n[[connections]]\npre = "E"\n')
    ).replace('name = "two populations"', "")
    path = tmp_path / "spec.toml"
    path.write_text(broken)
    with pytest.raises(SpecError) as caught:
        load(path)
    assert [fault.path for fault in caught.value.faults] == [
        "populations.E.neuron.C_m",
        "populations.E.neuron.V_reset",
        "populations.E.noise.sigma",
        "populations.I.neuron.model",
        "populations.I.poisson[0].K",
        "connections[0].post",
        "connections[0].rule",
        "connections[0].J",
        "protocols.main.stimulus[0]",
        "protocols.main.stimulus[2].kind",
    ]
    assert "10 faults" in str(caught.value)


def test_numbers_of_bad_form_do_not_hide_the_other_faults(tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text(BASE.replace("size = 1000", "size = inf").replace('g_L = "10 nS"', "g_L = 10"))
    with pytest.raises(SpecError) as caught:
        load(path)
    assert [fault.path for fault in caught.value.faults] == ["populations.E.size", "populations.E.neuron.g_L"]


@pytest.mark.parametrize("name", ["absent.toml", ".", "x" * 5000, "a\0b", "/dev/zero", "/dev/null/x"])
def test_a_path_that_is_no_file(name, tmp_path):
    with pytest.raises(SpecError, match="1 fault"):
        load(tmp_path / name if name != "/dev/zero" else name)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(SpecError, match="not a regular file"):
        load(tmp_path / "pipe.toml")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    from hostile_corpus import CSV_BLOCK

    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.csv").write_text("0,1\n")
    (inside / "drive.csv").symlink_to(tmp_path / "secret.csv")
    (inside / "spec.toml").write_text(BASE + CSV_BLOCK)
    with pytest.raises(SpecError, match="inside it"):
        load(inside / "spec.toml")
    (inside / "drive.csv").unlink()
    (inside / "real.csv").write_text("0,1\n")
    (inside / "drive.csv").symlink_to(inside / "real.csv")
    assert load(inside / "spec.toml").protocols["main"].stimuli[3].parameters["times"] == (0.0,)


def test_a_dict_names_no_files_unless_a_folder_is_given(tmp_path):
    import tomllib

    from hostile_corpus import CSV_BLOCK, GOOD_CSV

    document = tomllib.loads(BASE + CSV_BLOCK)
    with pytest.raises(SpecError, match="not one itself"):
        load(document)
    (tmp_path / "drive.csv").write_bytes(GOOD_CSV)
    assert load(document, folder=tmp_path).protocols["main"].stimuli[3].parameters["values"] == (0.0, 0.5)


def test_from_dict_wants_a_resolved_document():
    with pytest.raises(SpecError, match="use load"):
        from_dict({"populations": {}})


@pytest.mark.parametrize("branches", [1, 2, 3])
def test_a_document_that_contains_itself(branches):
    table: dict[str, object] = {}
    table.update({f"k{i}": table for i in range(branches)})
    array: list[object] = []
    array.extend([array] * branches)
    for document in (table, {"populations": array}):
        with pytest.raises(SpecError):
            load(document)
