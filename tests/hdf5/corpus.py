"""Hostile HDF5 files, each made by one short function from a good result. `SECRET` lies in files outside it."""

import zlib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np

from popdyn.results import make_dataset, save, with_spikes

SECRET = 271828.0
PAYLOAD = "__import__('os').system('touch EXECUTED')"
CORPUS = {}


def good(path):
    path.write_bytes(_good())


@cache
def _good():
    rate = np.random.default_rng(1).random((3, 40, 2))
    made = make_dataset((np.arange(40) + 0.5) * 1e-3, ["E", "I"], rate, attrs={"rung": "toy", "bin": 1e-3})
    with TemporaryDirectory() as folder:
        save(with_spikes(made, "E", [0.02, 0.01], [2, 1]), Path(folder) / "a.h5")
        return (Path(folder) / "a.h5").read_bytes()


def canary(folder):
    """Files that nobody may read: an HDF5 file and plain bytes."""
    with h5py.File(folder / "canary.h5", "w") as file:
        file["x"] = np.full(64, SECRET)
    (folder / "canary.bin").write_bytes(np.full(64, SECRET).tobytes())


def add(name, poison):
    CORPUS[name] = poison


def case(poison):
    CORPUS[poison.__name__] = poison
    return poison


TARGETS = {"beside": "canary.h5", "above": "../canary.h5", "system": "/etc/passwd", "gone": "nowhere.h5"}
PLACES = ("alias", "spikes/alias", "spikes/E/alias")
for which, target in TARGETS.items():
    for place in PLACES:
        add(
            f"external link {which} at {place}",
            lambda f, t=target, p=place: f.__setitem__(p, h5py.ExternalLink(t, "/x")),
        )
SOFT = {"dataset": "/rate", "itself": "/alias", "up": "/../rate", "root": "/", "nowhere": "/none", "dot": "./rate"}
for which, target in SOFT.items():
    add(f"soft link to {which}", lambda f, t=target: f.__setitem__("alias", h5py.SoftLink(t)))
    add(f"soft link in a group to {which}", lambda f, t=target: f.__setitem__("spikes/E/alias", h5py.SoftLink(t)))
add("rate is a soft link", lambda f: (f.move("rate", "other"), f.__setitem__("rate", h5py.SoftLink("/other"))))
add(
    "rate is an external link",
    lambda f: (f.__delitem__("rate"), f.__setitem__("rate", h5py.ExternalLink("canary.h5", "x"))),
)
add("a group that holds the root", lambda f: f["spikes"].__setitem__("loop", f["/"]))
add("a group that holds itself", lambda f: f["spikes"].__setitem__("loop", f["spikes"]))

for which, files in {
    "beside": [("canary.bin", 0, 512)], "system": [("/etc/passwd", 0, 512)],
    "endless": [("/dev/zero", 0, h5py.h5f.UNLIMITED)],
    "process": [("/proc/self/environ", 0, 512)], "two": [("canary.bin", 0, 256), ("canary.bin", 256, 256)],
}.items():  # fmt: skip
    add(f"external storage {which}", lambda f, e=files: f.create_dataset("raw", (64,), "f8", external=e))


def virtual(file, source):
    layout = h5py.VirtualLayout((64,), "f8")
    layout[:] = h5py.VirtualSource(source, "x", (64,))
    file.create_virtual_dataset("virtual", layout)


for which, source in {"beside": "canary.h5", "itself": ".", "system": "/etc/passwd"}.items():
    add(f"virtual {which}", lambda f, s=source: virtual(f, s))


BOMBS = {
    "chunked": {"shape": (10**12,), "chunks": (1000,)},
    "packed": {"shape": (10**12,), "chunks": (10**6,), "compression": "gzip"},
    "contiguous": {"shape": (10**12,)},
    "square": {"shape": (10**6, 10**6), "chunks": (100, 100)},
    "unlimited": {"shape": (2**40,), "maxshape": (None,)},
    "one chunk": {"shape": (10,), "maxshape": (None,), "chunks": (2**28,), "compression": "gzip"},
    "filled": {"shape": (10**11,), "chunks": (1000,), "fillvalue": SECRET},
}
for which, options in BOMBS.items():
    add(f"bomb {which}", lambda f, o=options: f.create_dataset("bomb", dtype="f8", **o))
add("bomb of text", lambda f: f.create_dataset("bomb", (4,), "S1000000000"))
add(
    "bombs, small and many", lambda f: [f.create_dataset(f"b{i}", (130_000,), "f8", chunks=(1000,)) for i in range(300)]
)


def chunk(file, content, shape=1000, **options):
    data = file.create_dataset("packed", (shape,), "f8", chunks=(shape,), compression="gzip", **options)
    data.id.write_direct_chunk((0,), content)


add("a chunk that inflates to 300 MB", lambda f: chunk(f, zlib.compress(bytes(300_000_000), 9)))
add("a chunk that is cut", lambda f: chunk(f, zlib.compress(bytes(8000))[:-5]))
add("a chunk of noise", lambda f: chunk(f, np.random.default_rng(1).bytes(500)))
add("a chunk that is too short", lambda f: chunk(f, zlib.compress(bytes(80))))
add("a chunk with a wrong checksum", lambda f: chunk(f, zlib.compress(bytes(8000)) + b"xxxx", fletcher32=True))


def with_type(kind, shape=(4,)):
    def poison(file):
        space = h5py.h5s.create_simple(shape)
        h5py.h5d.create(file.id, b"strange", kind(), space)

    return poison


def custom_float():
    kind = h5py.h5t.IEEE_F64LE.copy()
    kind.set_fields(63, 47, 16, 0, 47)
    kind.set_ebias(2**15 - 1)
    return kind


TYPES = {
    "compound": lambda: h5py.h5t.py_create(np.dtype([("a", "f8"), ("b", "i4")])),
    "opaque": lambda: h5py.h5t.create(h5py.h5t.OPAQUE, 64),
    "reference": lambda: h5py.h5t.STD_REF_OBJ,
    "region": lambda: h5py.h5t.STD_REF_DSETREG,
    "list": lambda: h5py.h5t.vlen_create(h5py.h5t.STD_I32LE),
    "list of lists": lambda: h5py.h5t.vlen_create(h5py.h5t.vlen_create(h5py.h5t.STD_I32LE)),
    "array": lambda: h5py.h5t.array_create(h5py.h5t.STD_I32LE, (1000, 1000)),
    "complex": lambda: h5py.h5t.py_create(np.dtype("c16")),
    "long double": lambda: h5py.h5t.py_create(np.dtype("g")),
    "bit field": lambda: h5py.h5t.STD_B32LE,
    "time": lambda: h5py.h5t.UNIX_D64LE,
    "enumeration": lambda: h5py.h5t.py_create(h5py.enum_dtype({"a": 1, "b": 2}), logical=True),
    "custom float": custom_float,
}
for which, kind in TYPES.items():
    add(f"type {which}", with_type(kind))
add("a stored type", lambda f: f.__setitem__("type", np.dtype("f8")))


def filtered(code, **kind):
    def poison(file):
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((10,))
        plan.set_filter(code, h5py.h5z.FLAG_OPTIONAL, (1, 2, 3))
        h5py.h5d.create(file.id, b"filtered", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((10,)), plan)

    return poison


for code in (305, 307, 32000, 32001, 32013, 32015, 65535):
    add(f"filter {code}", filtered(code))
add("filter lzf", lambda f: f.create_dataset("lzf", data=np.zeros(1000), compression="lzf"))
add("filter scale-offset", lambda f: f.create_dataset("so", data=np.arange(100), scaleoffset=4))


@case
def gzip_twice(file):
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((1000,))
    plan.set_deflate(9)
    plan.set_filter(h5py.h5z.FILTER_DEFLATE, 0, (9,))
    h5py.h5d.create(file.id, b"twice", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((1000,)), plan)


add("groups 6 deep", lambda f: f.create_group("a/b/c/d/e/f"))
add("groups 400 deep", lambda f: f.create_group("/".join("a" * 400)))
add("many groups", lambda f: [f.create_group(f"g{i}") for i in range(10_100)])
add("ten dimensions", lambda f: f.create_dataset("deep", (1,) * 10, "f8"))
add("no shape", lambda f: f.create_dataset("null", data=h5py.Empty("f8")))
NAMES = {
    "escape": "\x1b]0;owned\x07\x1b[2J", "dots": "..", "backslash": "a\\b", "space": "rate ", "code": PAYLOAD[:40],
    "right to left": "rate\u202e", "long": "n" * 60_000, "newline": "a\nb", "markup": "[/] x", "script": "<script>",
    "bytes": b"\xff\xfe\xfa",
}  # fmt: skip
for which, name in NAMES.items():
    if which != "dots":
        add(f"name {which}", lambda f, n=name: f.create_dataset(n, data=[1.0]))
        add(f"group name {which}", lambda f, n=name: f["spikes"].create_group(n))


def attribute(name, value, where="rate"):
    return lambda f: f[where].attrs.__setitem__(name, value)


add("attribute compound", attribute("odd", np.zeros(2, [("a", "f8"), ("b", "S9")])))
add("attribute reference", lambda f: f["rate"].attrs.__setitem__("odd", f["time"].ref))
add("attribute opaque", attribute("odd", np.void(b"\x80\x04cposix\nsystem\n(S'touch EXECUTED'\ntR.")))
add("attribute code", attribute("units", PAYLOAD))
add("attribute scale of text", attribute("scale_factor", PAYLOAD))
add("attribute dtype of text", attribute("dtype", PAYLOAD))
add("attribute fill of another type", attribute("_FillValue", "x"))
add("attribute coordinates", attribute("coordinates", "../../canary x y"))
add("attribute time", attribute("units", "days since 1e99", "time"))
add("attributes, many", lambda f: [f["rate"].attrs.__setitem__(f"a{i}", i) for i in range(300)])
add("scales of text", attribute("DIMENSION_LIST", "x"))
add("scales of numbers", attribute("DIMENSION_LIST", np.arange(3)))
add("dimension ids", attribute("_Netcdf4Dimid", 10**9))
add("dimension coordinates", attribute("_Netcdf4Coordinates", np.array([9, 9, 9], "i4")))
add("schema of text", lambda f: f.attrs.__setitem__("popdyn_schema", PAYLOAD))


def scales(file, reference):
    kind = h5py.vlen_dtype(h5py.ref_dtype)
    del file["rate"].attrs["DIMENSION_LIST"]
    values = np.empty(3, dtype=object)
    values[:] = [np.array([reference], dtype=h5py.ref_dtype)] * 3
    file["rate"].attrs.create("DIMENSION_LIST", values, dtype=kind)


@case
def scale_that_nothing_links(file):
    hidden = file.create_dataset("hidden", (64,), "f8", external=[("canary.bin", 0, 512)])
    reference = hidden.ref
    del file["hidden"]
    scales(file, reference)


add("scale of nothing", lambda f: scales(f, h5py.Reference()))
add("scale that is a group", lambda f: scales(f, f["spikes"].ref))

add("spikes are numbers", lambda f: (f.__delitem__("spikes"), f.__setitem__("spikes", [1.0])))
add("spikes without times", lambda f: f.__delitem__("spikes/E/timestamps"))
add("spikes of two lengths", lambda f: (f.__delitem__("spikes/E/node_ids"), f.__setitem__("spikes/E/node_ids", [1])))
add("spikes of text", lambda f: (f.__delitem__("spikes/E/node_ids"), f.__setitem__("spikes/E/node_ids", ["a", "b"])))
add("spikes in two dimensions", lambda f: (f.__delitem__("spikes/E/timestamps"),
                                           f.__setitem__("spikes/E/timestamps", np.zeros((2, 2)))))  # fmt: skip
add("text that is no UTF-8", lambda f: f.create_dataset("text", data=np.array([b"\xff\xfe"], "S2")))
