"""Recorded rows are measured again when anything in the package has changed."""

import pytest
import record

import popdyn


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "rungs" / "families").mkdir(parents=True)
    for path in ("__init__.py", "fitting.py", "rungs/families/gain.py"):
        (tmp_path / path).write_text("x = 1\n")
    monkeypatch.setattr(popdyn, "__file__", str(tmp_path / "__init__.py"))
    monkeypatch.setenv("POPDYN_VERIFICATION", str(tmp_path / "rows.jsonl"))
    record.code_hash.cache_clear()
    yield tmp_path
    record.code_hash.cache_clear()


def test_a_row_is_resumed_until_its_code_changes(package):
    assert record.once("row", "item", lambda: {"value": 1}) == {"value": 1}
    assert record.once("row", "item", lambda: {"value": 2}) == {"value": 1}
    for number, path in enumerate(("fitting.py", "rungs/families/gain.py"), start=3):
        (package / path).write_text(f"x = {number}\n")
        record.code_hash.cache_clear()
        assert record.once("row", "item", lambda value=number: {"value": value}) == {"value": number}


def test_a_file_that_moves_is_a_change(package):
    before = record.code_hash()
    (package / "fitting.py").rename(package / "fitted.py")
    record.code_hash.cache_clear()
    assert record.code_hash() != before
