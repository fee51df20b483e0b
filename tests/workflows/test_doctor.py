"""The doctor sees what is there, what is missing, and what does not fit together."""

from __future__ import annotations

import json
import stat

import pytest

from popdyn.cli import main
from popdyn.workflows import doctor
from popdyn.workflows.doctor import FAULT, NOTE, OK, brian2_with_numpy


@pytest.mark.parametrize(
    ("brian2", "numpy", "status"),
    [("2.9.0", "2.3.5", OK), ("2.9.0", "2.4.0", FAULT), ("2.9.0", "2.10.1", FAULT), ("2.10.1", "2.4.6", OK),
     ("2.9.0", "1.26.4", OK), ("2.11.0rc1", "3.0.0", OK)],
)  # fmt: skip
def test_versions_that_fit_together(brian2, numpy, status):
    check = brian2_with_numpy(brian2, numpy)
    assert check.status == status
    assert bool(check.fix) == (status == FAULT)


def test_no_compiler_is_a_supported_case(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    (check,) = doctor.check_compiler()
    assert check.status == NOTE
    assert "numpy" in check.found


def test_a_broken_compiler_is_a_fault(monkeypatch, tmp_path):
    program = tmp_path / "g++"
    program.write_text("#!/bin/sh\necho 'cannot find cc1plus' >&2\nexit 1\n")
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", str(tmp_path))
    (check,) = doctor.check_compiler()
    assert check.status == FAULT
    assert "cc1plus" in check.found


def test_a_cache_that_cannot_be_kept_is_named(monkeypatch, tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(in_the_way))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(in_the_way))
    checks = {check.name: check for check in doctor.check_caches(tmp_path / "store" / "deep")}
    assert checks["Brian2 cache"].status == FAULT
    assert checks["numba cache"].status == NOTE
    assert checks["store"].status == OK
    assert not (tmp_path / "store").exists()


def test_whatever_fails_is_reported_and_the_rest_goes_on(monkeypatch):
    def broken():
        raise RuntimeError("toy")
        yield

    for name in ("check_versions", "check_caches", "check_density", "check_brian2"):
        monkeypatch.setattr(doctor, name, lambda *_: broken())
    checks = doctor.examine()
    assert [check.found for check in checks].count("RuntimeError: toy") == 4
    assert {"compiler", "disk", "memory"} <= {check.name for check in checks}


def test_the_command_on_this_machine(capsys, tmp_path):
    code = main(["doctor", "--json", "--store", str(tmp_path)])
    out, err = capsys.readouterr()
    answer = json.loads(out)
    found = {check["name"]: check for check in answer["checks"]}
    assert (code == 0) == answer["ok"]
    for name in ("density toy job", "Brian2 toy job"):
        assert found[name]["status"] == OK, found[name]
    assert "Brian2 toy job" in err
