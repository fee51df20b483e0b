"""Export and import: what was chosen arrives whole in every form; an archive's names never become paths."""

import io
import json
import random
import tarfile
import zipfile
from hashlib import sha256

import pytest

from popdyn.errors import IntegrityError, PopdynError, UsageError
from popdyn.store import Store, job_key
from popdyn.store.archive import bring_in, check, export
from popdyn.store.label import text
from popdyn.store.sealed import seal

from .damage import flip, rewrite

JOBS = [{"rung": "toy", "number": number} for number in range(4)]
KEYS = sorted(job_key(job) for job in JOBS)
FORMS = ["copy", "copy.zip", "copy.tar"]


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store")
    for job in JOBS:

        def write(draft, job=job):
            (draft / "result.h5").write_bytes(json.dumps(job).encode() * 500)

        made.publish(job_key(job), write, {"job": job})
    return made


def contents(store):
    places = map(store.path, store.keys())
    return {place.name: {path.name: path.read_bytes() for path in place.iterdir()} for place in places}


@pytest.mark.parametrize("form", FORMS)
def test_what_was_chosen_arrives_whole(form, store, tmp_path):
    size = export(store, KEYS[:3], tmp_path / form)
    assert size > 3 * 500
    assert check(tmp_path / form)["keys"] == KEYS[:3]
    target, read = Store(tmp_path / "other"), []
    assert bring_in(target, tmp_path / form, read.append) == KEYS[:3]
    assert len(read) == 3
    whole = contents(store)
    assert contents(target) == {key: whole[key] for key in KEYS[:3]}
    assert all(target.find(key) for key in KEYS[:3])
    assert bring_in(target, tmp_path / form, read.append) == []


def test_equal_stores_give_equal_archives(store, tmp_path):
    for form in FORMS[1:]:
        export(store, KEYS, tmp_path / form)
        export(store, KEYS[::-1], tmp_path / f"again-{form}")
        assert (tmp_path / form).read_bytes() == (tmp_path / f"again-{form}").read_bytes()


def test_a_folder_of_an_export_is_a_store(store, tmp_path):
    export(store, KEYS, tmp_path / "copy")
    assert all(Store(tmp_path / "copy").find(key) for key in KEYS)


def test_nothing_is_overwritten_and_nothing_half_is_left(store, tmp_path):
    (tmp_path / "there.zip").write_bytes(b"mine")
    (tmp_path / "link.zip").symlink_to(tmp_path / "nowhere")
    for name in ("there.zip", "link.zip", "none/a.zip"):
        with pytest.raises(UsageError, match="nothing is ever overwritten"):
            export(store, KEYS, tmp_path / name)
    with pytest.raises(UsageError, match="no object"):
        export(store, [], tmp_path / "a.zip")
    flip(store.path(KEYS[0]), None, random.Random(1))
    with pytest.raises(IntegrityError):
        export(Store(store.root), KEYS, tmp_path / "b.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.zip", "store", "there.zip"]


@pytest.mark.parametrize("form", FORMS[1:])
@pytest.mark.parametrize("where", [0.0, 0.1, 0.3, 0.6, 0.9, 1.0])
def test_a_damaged_archive_is_refused_before_anything_is_brought_in(form, where, store, tmp_path):
    """Of a tar the end is padding, of a zip a list of where the members are: harmless damage brings in the same."""
    path = tmp_path / form
    export(store, KEYS, path)
    data = bytearray(path.read_bytes())
    start = int(where * (len(data) - 400))
    data[start : start + 400] = bytes(byte ^ 0x55 for byte in data[start : start + 400])
    path.write_bytes(bytes(data))
    other = Store(tmp_path / "other")
    try:
        bring_in(other, path, str)
    except IntegrityError:
        assert not other.root.exists()
    else:
        assert where == 1.0
        assert contents(other) == contents(store)


@pytest.mark.parametrize("name", ["EXPORT.json", "STORE.toml", "result.h5", "manifest.json"])
def test_a_damaged_folder_is_refused_before_anything_is_brought_in(name, store, tmp_path):
    export(store, KEYS, tmp_path / "copy")
    victim = next((tmp_path / "copy").rglob(name))
    rewrite(victim, victim.read_bytes()[:-1])
    with pytest.raises(IntegrityError):
        bring_in(Store(tmp_path / "other"), tmp_path / "copy", str)
    assert not (tmp_path / "other").exists()


def files_of(job, key=None, **extra):
    """Members of a well-sealed archive of one object that may be anything but honest."""
    key = key or job_key(job)
    described = {"bytes": 3, "sha256": sha256(b"abc").hexdigest()}
    said = {"schema": 1, "key": key, "files": {"result.h5": described}, "job": job, **extra}
    return {f"objects/{key[:2]}/{key}/manifest.json": seal(said), f"objects/{key[:2]}/{key}/result.h5": b"abc"}


def archive(path, files, listed=None):
    """A zip of these files with a well-sealed list of them, or of those `listed`."""
    chosen = files if listed is None else listed
    keys = sorted({name.split("/")[2] for name in chosen if name.count("/") == 3})
    described = {name: {"bytes": len(data), "sha256": sha256(data).hexdigest()} for name, data in chosen.items()}
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("EXPORT.json", seal({"schema": 1, "keys": keys, "files": described}))
        for name, data in files.items():
            target.writestr(name, data)


def refused(path, tmp_path):
    with pytest.raises(PopdynError) as error:
        bring_in(Store(tmp_path / "other"), path, str)
    assert not list(Store(tmp_path / "other").keys())
    assert sorted(p.name for p in tmp_path.parent.iterdir() if "evil" in p.name) == []
    return error.value


ESCAPES = ["../evil", "/tmp/evil", "objects/../../evil", "objects/aa/../../../evil", "..\\evil", "C:\\evil", "evil\0",
           f"objects/{KEYS[0][:2]}/{KEYS[0]}/../../../../evil", f"objects/{KEYS[0][:2]}/{KEYS[0]}/.bashrc",
           f"objects/zz/{KEYS[0]}/result.h5", f"objects/{KEYS[0][:2]}/{KEYS[0]}/a/b", "STORE.toml/x", "index.sqlite",
           f"objects/{KEYS[0][:2]}/{KEYS[0].upper()}/result.h5", "leases/x", "objects//x", "./STORE.toml"]  # fmt: skip


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.parametrize("listed", [True, False])
def test_names_that_leave_their_place_are_refused(name, listed, tmp_path):
    files = files_of(JOBS[0])
    archive(tmp_path / "a.zip", {**files, name: b"evil"}, None if listed else files)
    assert isinstance(refused(tmp_path / "a.zip", tmp_path), IntegrityError)


def test_an_honest_one_of_that_kind_is_accepted(tmp_path):
    archive(tmp_path / "a.zip", files_of(JOBS[0]))
    assert bring_in(Store(tmp_path / "other"), tmp_path / "a.zip", str) == [job_key(JOBS[0])]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (files_of(JOBS[0], key="ab" * 32), "another key"),
        (files_of(JOBS[0], schema=2), "newer popdyn"),
        (files_of(JOBS[0], files={"result.h5": {"bytes": 2, "sha256": "0" * 64}}), "not what the manifest"),
        (files_of(JOBS[0], files={}), "holds"),
        (files_of(None, key="ab" * 32), "another key"),
        ({name: data for name, data in files_of(JOBS[0]).items() if "manifest" not in name}, "missing"),
    ],
)
def test_objects_that_lie_are_refused(files, says, tmp_path):
    archive(tmp_path / "a.zip", files)
    assert says in str(refused(tmp_path / "a.zip", tmp_path))


def test_a_result_that_cannot_be_read_is_not_brought_in(store, tmp_path):
    def refuse(place):
        raise IntegrityError("hostile")

    export(store, KEYS, tmp_path / "a.tar")
    with pytest.raises(IntegrityError, match="hostile"):
        bring_in(Store(tmp_path / "other"), tmp_path / "a.tar", refuse)
    assert not list(Store(tmp_path / "other").keys())


def test_links_devices_and_pipes_in_archives_are_refused(store, tmp_path):
    export(store, KEYS[:1], tmp_path / "good.tar")
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
        path = tmp_path / "bad.tar"
        path.write_bytes((tmp_path / "good.tar").read_bytes())
        with tarfile.open(path, "a") as file:
            info = tarfile.TarInfo(f"objects/{KEYS[0][:2]}/{KEYS[0]}/log.txt")
            info.type, info.linkname = kind, "/etc/passwd"
            file.addfile(info)
        assert "not a plain file" in str(refused(path, tmp_path))
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as file:
        info = zipfile.ZipInfo("objects/x")
        info.external_attr = 0o120777 << 16
        file.writestr(info, "/etc/passwd")
    assert "not a plain file" in str(refused(tmp_path / "bad.zip", tmp_path))
    export(store, KEYS[:1], tmp_path / "copy")
    (tmp_path / "copy" / "objects" / "zz").symlink_to("/etc")
    assert "not a plain file" in str(refused(tmp_path / "copy", tmp_path))


def test_a_zip_that_unpacks_to_much_more_than_its_list_is_refused_early(tmp_path):
    name = f"objects/{KEYS[0][:2]}/{KEYS[0]}/result.h5"
    listing = seal({"schema": 1, "keys": [KEYS[0]], "files": {name: {"bytes": 10, "sha256": "0" * 64}}})
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("EXPORT.json", listing)
        file.writestr(name, bytes(300_000_000))
    assert "not what its list says" in str(refused(tmp_path / "a.zip", tmp_path))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"x" * 1000, text(), bytes(10240)])
@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.h5"])
def test_what_is_no_archive(content, name, tmp_path):
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, tmp_path)


def test_an_archive_that_is_not_there_and_a_newer_one(tmp_path):
    assert "no such file" in str(refused(tmp_path / "none.zip", tmp_path))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("EXPORT.json", seal({"schema": 2, "keys": [], "files": {}}))
    assert "newer popdyn" in str(refused(tmp_path / "a.zip", tmp_path))


def test_the_same_member_twice_is_refused(tmp_path):
    files = files_of(JOBS[0])
    archive(tmp_path / "a.zip", files)
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr(next(iter(files)), io.BytesIO(b"other").read())
    assert "twice" in str(refused(tmp_path / "a.zip", tmp_path))
