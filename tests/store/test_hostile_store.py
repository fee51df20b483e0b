"""A store from elsewhere: labels, manifests and links that lie. Refused with popdyn's errors, nothing outside read."""

import json
import os

import pytest

from popdyn.errors import IntegrityError, PopdynError, UsageError
from popdyn.store import Store
from popdyn.store.index import entries
from popdyn.store.sealed import seal, unseal

from .damage import rewrite
from .toy_writer import key_of, publish

KEY = key_of(1)
LABELS = {
    "empty": (b"", IntegrityError),
    "no format": (b"x = 1\n", IntegrityError),
    "no TOML": (b"\x00\x01[[[", IntegrityError),
    "no UTF-8": (b"format = '\xff'\n", IntegrityError),
    "text": (b"format = 'one'\n", IntegrityError),
    "true": (b"format = true\n", IntegrityError),
    "zero": (b"format = 0\n", IntegrityError),
    "negative": (b"format = -1\n", IntegrityError),
    "not a number": (b"format = nan\n", IntegrityError),
    "list": (b"format = [1]\n", IntegrityError),
    "twice": (b"format = 1\nformat = 1\n", IntegrityError),
    "deep": (b"format = " + b"[" * 30_000, IntegrityError),
    "long": (b"format = 1\n#" + b"x" * 100_000, IntegrityError),
    "huge number": (b"format = 1" + b"0" * 4000, UsageError),
    "newer": (b"format = 2\nwhatever = 'is new'\n", UsageError),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels(name, tmp_path):
    content, error = LABELS[name]
    (tmp_path / "STORE.toml").write_bytes(content)
    with pytest.raises(error) as raised:
        Store(tmp_path)
    assert isinstance(raised.value, PopdynError)
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "endless"])
def test_labels_that_are_no_files(kind, tmp_path):
    label = tmp_path / "STORE.toml"
    {"folder": label.mkdir, "pipe": lambda: os.mkfifo(label), "link": lambda: label.symlink_to("/etc/passwd"),
     "endless": lambda: label.symlink_to("/dev/zero")}[kind]()  # fmt: skip
    with pytest.raises(IntegrityError, match="store label") as raised:
        Store(tmp_path)
    assert "root:" not in str(raised.value)


def resealed(**changes):
    """A manifest with changes and a right seal: whoever made it knew how."""

    def make(whole):
        return seal({**unseal(whole), **changes})

    return make


def nested(depth):
    return b'{"files": ' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"


HERE = {"bytes": 3, "sha256": "0" * 64}
MANIFESTS = {
    "empty": lambda whole: b"",
    "null": lambda whole: b"null",
    "list": lambda whole: b"[]",
    "number": lambda whole: b"1",
    "text": lambda whole: b'"x"',
    "cut": lambda whole: whole[:-20],
    "deep": lambda whole: nested(100_000),
    "no UTF-8": lambda whole: whole.replace(b"schema", b"sch\xffma"),
    "UTF-16": lambda whole: whole.decode().encode("utf-16"),
    "long number": lambda whole: b'{"schema": 1' + b"0" * 5000 + b"}",
    "not a number": lambda whole: whole.replace(b'"schema": 1', b'"schema": NaN'),
    "no seal": lambda whole: json.dumps({k: v for k, v in json.loads(whole).items() if k != "sha256"}).encode(),
    "seal of a number": lambda whole: json.dumps({**json.loads(whole), "sha256": 5}).encode(),
    "seal of nothing": lambda whole: json.dumps({**json.loads(whole), "sha256": ""}).encode(),
    "other spaces": lambda whole: json.dumps(json.loads(whole)).encode(),
    "key twice": lambda whole: whole.replace(b'"schema": 1', b'"schema": 1, "schema": 1'),
    "other key": resealed(key=key_of(2)),
    "key of a path": resealed(key="../../etc"),
    "no files": resealed(files={}),
    "files of text": resealed(files="x"),
    "files a list": resealed(files=["result.h5"]),
    "files null": resealed(files=None),
    "file above": resealed(files={"../../../canary": HERE}),
    "file absolute": resealed(files={"/etc/passwd": HERE}),
    "file a folder": resealed(files={".": HERE}),
    "file of numbers": resealed(files={"result.h5": 5, "log.txt": []}),
    "more files": lambda whole: seal(
        {**unseal(whole), "files": {**unseal(whole)["files"], "../canary": HERE}}
    ),
    "schema of text": resealed(schema="1"),
    "schema null": resealed(schema=None),
    "schema a list": resealed(schema=[1]),
}  # fmt: skip


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifests(name, tmp_path):
    store = Store(tmp_path)
    place = publish(store, 1)
    (tmp_path / "canary").write_text("secret")
    rewrite(place / "manifest.json", MANIFESTS[name]((place / "manifest.json").read_bytes()))
    (entry,) = entries(tmp_path)
    assert entry.key == KEY
    assert "secret" not in str(entry)
    with pytest.raises(IntegrityError) as raised:
        Store(tmp_path).find(KEY)
    assert "secret" not in str(raised.value)
    assert store.find(KEY) is None
    publish(store, 1)
    assert store.find(KEY)


@pytest.mark.parametrize("changes", [{}, {"files": {"other": "shape"}}, {"files": None, "more": [1]}])
def test_an_object_of_a_newer_schema_is_refused_and_stays(changes, tmp_path):
    store = Store(tmp_path)
    place = publish(store, 1)
    rewrite(place / "manifest.json", resealed(schema=2, **changes)((place / "manifest.json").read_bytes()))
    calls = []
    for _ in range(2):
        with pytest.raises(UsageError, match="newer popdyn"):
            Store(tmp_path).obtain(KEY, calls.append, {}, calls.append)
    with pytest.raises(UsageError, match="newer popdyn"):
        publish(Store(tmp_path), 1)
    assert calls == []
    assert place.is_dir()
    assert not (tmp_path / "quarantine").exists()


def test_a_shelf_that_is_a_link_is_neither_read_nor_written(tmp_path):
    other, store = Store(tmp_path / "other"), Store(tmp_path / "store")
    publish(other, 1)
    publish(store, 2)
    shelf = store.path(KEY).parent
    shelf.symlink_to(other.path(KEY).parent)
    for work in (lambda: store.find(KEY), lambda: publish(store, 1)):
        with pytest.raises(IntegrityError, match="not a folder of the store itself"):
            work()
    assert [entry.key for entry in entries(store.root)] == [key_of(2)]
    assert other.find(KEY)


def test_a_file_in_the_place_of_a_shelf(tmp_path):
    store = Store(tmp_path)
    publish(store, 2)
    store.path(KEY).parent.write_text("mine")
    with pytest.raises(IntegrityError):
        store.find(KEY)
    assert store.path(KEY).parent.read_text() == "mine"


def test_a_file_in_the_place_of_an_object_is_put_away(tmp_path):
    store = Store(tmp_path)
    publish(store, 2)
    store.path(KEY).parent.mkdir(exist_ok=True)
    store.path(KEY).write_text("mine")
    with pytest.raises(IntegrityError, match="quarantine"):
        store.find(KEY)
    assert [path.read_text() for path in (tmp_path / "quarantine").iterdir()] == ["mine"]
    publish(store, 1)
    assert store.find(KEY)


def test_a_pipe_in_an_object_does_not_hang(tmp_path):
    store = Store(tmp_path)
    place = publish(store, 1)
    place.chmod(0o700)
    for name in ("result.h5", "manifest.json"):
        (place / name).unlink()
        os.mkfifo(place / name)
        with pytest.raises(IntegrityError):
            store.find(KEY)
        place = publish(store, 1)
        place.chmod(0o700)
