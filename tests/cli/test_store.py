"""`popdyn store`: what is printed, exit codes, one JSON object."""

import json
import os
from hashlib import sha256

import numpy as np
import pytest

from popdyn.cli import main
from popdyn.results import make_dataset, save
from popdyn.store import Store, job_key
from popdyn.store.sealed import seal, unseal

JOBS = [{"rung": "spiking", "protocol": f"p{n}", "backend": "numpy", "number": n} for n in range(3)]


@pytest.fixture
def root(tmp_path):
    """Three small results."""
    for number, job in enumerate(JOBS):

        def write(draft, number=number):
            rate = np.full((1, 20, 1), float(number))
            save(make_dataset((np.arange(20) + 0.5) * 1e-3, ["E"], rate), draft / "result.h5")

        Store(tmp_path / "store").publish(job_key(job), write, {"job": job, "labels": {"spec": f"net {number}"}})
    return tmp_path / "store"


def popdyn(capsys, *words, code=0):
    assert main([*map(str, words)]) == code
    return capsys.readouterr()


def answer(capsys, *words, code=0):
    found = json.loads(popdyn(capsys, *words, "--json", code=code).out)
    assert found["ok"] is (code == 0)
    return found


def rewrite(path, data):
    path.chmod(0o600)
    path.write_bytes(data)


def test_ls(root, capsys):
    found = answer(capsys, "store", "ls", "--store", root)
    assert found["count"] == 3
    assert {one["key"]: one["spec"] for one in found["objects"]} == {
        job_key(job): f"net {number}" for number, job in enumerate(JOBS)
    }
    out = popdyn(capsys, "store", "ls", "--store", root, "--protocol", "p1").out
    assert out.count("\n") == 2
    assert job_key(JOBS[1]) in out
    assert "net 1  p1  spiking  numpy" in out
    assert popdyn(capsys, "store", "ls", "--store", root, "--older", "1d").out == "0 objects, 0 bytes\n"


def test_ls_makes_terminal_escapes_visible(root, capsys):
    path = Store(root).path(job_key(JOBS[0])) / "manifest.json"
    rewrite(path, seal({**unseal(path.read_bytes()), "labels": {"spec": "\x1b[2J\nowned"}}))
    out = popdyn(capsys, "store", "ls", "--store", root).out
    assert "\x1b" not in out
    assert "\\x1b[2J\\nowned" in out


def test_verify(root, capsys):
    assert popdyn(capsys, "store", "verify", "--store", root, "--deep").out == "3 of 3 whole, of 3 in the store\n"
    place = Store(root).path(job_key(JOBS[0]))
    rewrite(place / "result.h5", (place / "result.h5").read_bytes()[:-1])
    found = answer(capsys, "store", "verify", "--store", root, code=5)
    assert (found["whole"], list(found["damaged"])) == (2, [job_key(JOBS[0])])
    assert place.is_dir()
    assert "moved to" in popdyn(capsys, "store", "verify", "--store", root, "--quarantine", code=5).out
    assert not place.exists()
    assert answer(capsys, "store", "verify", "--store", root)["of"] == 2


def test_verify_deep_reads_the_results(root, capsys):
    """A file that was published whole, and is no result."""
    Store(root).publish("ab" * 32, lambda draft: (draft / "result.h5").write_bytes(b"not HDF5"), {})
    assert answer(capsys, "store", "verify", "--store", root)["whole"] == 4
    assert list(answer(capsys, "store", "verify", "--deep", "--store", root, code=5)["damaged"]) == ["ab" * 32]


def test_verify_of_a_sample_says_what_it_bounds(root, capsys):
    found = answer(capsys, "store", "verify", "--sample", "34%", "--seed", "1", "--store", root)
    assert (found["of"], found["looked_at"], found["damaged_share_95"]) == (3, 1, pytest.approx(0.95))
    assert "of all are damaged (95 %)" in popdyn(capsys, "store", "verify", "--sample", "34%", "--store", root).out


def test_verify_of_a_newer_object_is_partial_and_leaves_it(root, capsys):
    path = Store(root).path(job_key(JOBS[0])) / "manifest.json"
    rewrite(path, seal({**unseal(path.read_bytes()), "schema": 2}))
    assert list(answer(capsys, "store", "verify", "--store", root, code=3)["newer"]) == [job_key(JOBS[0])]
    assert path.exists()


def test_gc_says_first_and_removes_with_yes(root, capsys):
    draft = root / "staging" / "left"
    draft.mkdir()
    os.utime(draft, (1.0, 1.0))
    out = popdyn(capsys, "store", "gc", "--store", root).out
    assert "nothing was removed: --yes does it" in out
    assert str(draft) in out
    assert draft.exists()
    assert answer(capsys, "store", "gc", "--store", root, "--yes")["count"] == 1
    assert not draft.exists()
    assert answer(capsys, "store", "gc", "--store", root)["count"] == 0


def test_gc_of_objects_wants_a_filter_and_the_word(root, capsys):
    for words in (("--objects",), ("--protocol", "p1")):
        assert "allowed: with" in popdyn(capsys, "store", "gc", "--store", root, *words, code=2).err
    found = answer(capsys, "store", "gc", "--store", root, "--objects", "--protocol", "p1", "--yes")
    assert [item["kind"] for item in found["items"]] == ["object"]
    assert answer(capsys, "store", "ls", "--store", root)["count"] == 2


def test_gc_that_cannot_remove_something_is_partial(root, capsys, monkeypatch):
    from popdyn.store import garbage

    draft = root / "staging" / "left"
    draft.mkdir()
    os.utime(draft, (1.0, 1.0))
    monkeypatch.setattr(garbage, "remove", lambda _: None)
    assert answer(capsys, "store", "gc", "--store", root, "--yes", code=3)["stayed"] == [str(draft)]


def test_export_and_import(root, tmp_path, capsys):
    to, other = tmp_path / "copy.zip", tmp_path / "other"
    assert len(answer(capsys, "store", "export", to, "--store", root, "--spec", "net [01]")["keys"]) == 2
    assert len(answer(capsys, "store", "import", to, "--store", other)["new"]) == 2
    assert answer(capsys, "store", "verify", "--store", other)["whole"] == 2
    popdyn(capsys, "store", "export", to, "--store", root, code=2)


def test_import_refuses_a_result_that_is_none(root, tmp_path, capsys):
    job = {"rung": "spiking", "number": 9}
    Store(root).publish(job_key(job), lambda draft: (draft / "result.h5").write_bytes(b"not HDF5"), {"job": job})
    popdyn(capsys, "store", "export", tmp_path / "a.zip", "--store", root)
    answer(capsys, "store", "import", tmp_path / "a.zip", "--store", tmp_path / "other", code=5)
    assert job_key(job) not in list(Store(tmp_path / "other").keys())


def test_reindex(root, capsys):
    assert answer(capsys, "store", "reindex", "--store", root) == {"ok": True, "count": 3, "unreadable": 0}


@pytest.mark.parametrize("verb", ["ls", "verify", "gc", "reindex", "export a.zip"])
def test_where_there_is_no_store_it_says_so_and_makes_none(verb, tmp_path, capsys):
    assert "there is no store" in popdyn(capsys, "store", *verb.split(), "--store", tmp_path / "x", code=2).err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(("label", "code"), [("format = 2\n", 2), ("", 5), ("format = 'x'\n", 5)])
def test_a_newer_or_broken_store(label, code, root, capsys):
    (root / "STORE.toml").write_text(label)
    for verb in ("ls", "verify", "gc", "reindex"):
        assert answer(capsys, "store", verb, "--store", root, code=code)["exit_code"] == code


@pytest.mark.parametrize(
    "words", [("ls", "--older", "soon"), ("verify", "--sample", "many"), ("nonsense",), ("gc", "--nope")]
)
def test_wrong_usage(words, root, capsys):
    popdyn(capsys, "store", *words, "--store", root, code=2)


def test_two_listings_of_the_same_store_agree(root, capsys):
    digests = {sha256(popdyn(capsys, "store", "ls", "--store", root, "--json").out.encode()).hexdigest() for _ in "ab"}
    assert len(digests) == 1
