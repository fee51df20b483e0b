"""Keys: canonical, exact, refusing what JSON cannot hold."""

import hashlib

import pytest

from popdyn.errors import UsageError
from popdyn.store import Store, job_key


def test_a_key_is_the_hash_of_the_domain_and_the_canonical_json():
    assert job_key({"b": 1.0, "a": "x"}) == hashlib.sha256(b'popdyn/job/v1\n{"a":"x","b":1}').hexdigest()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": 1.0}, {"a": 1}),
        ({"a": -0.0}, {"a": 0}),
        ({"a": (1, 2)}, {"a": [1, 2]}),
        ({"caf\u00e9": "\u00e9"}, {"cafe\u0301": "e\u0301"}),
    ],
)
def test_equal_jobs_have_one_key(one, other):
    assert job_key(one) == job_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [({"a": 1}, {"a": "1"}), ({"a": 1}, {"a": True}), ({"a": 0.1}, {"a": 0.1 + 1e-16})]
)
def test_different_jobs_have_different_keys(one, other):
    assert job_key(one) != job_key(other)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, object()])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(UsageError):
        job_key({"a": value})


@pytest.mark.parametrize("key", ["", "../" * 22, "A" * 64, "a" * 63, "a" * 64 + "\n", "a" * 65])
def test_what_is_no_key_never_becomes_a_path(key, tmp_path):
    with pytest.raises(UsageError):
        Store(tmp_path).find(key)
