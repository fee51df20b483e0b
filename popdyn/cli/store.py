"""`popdyn store VERB`: list, verify, clean and copy what a store holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from popdyn.store.filters import Filter

store = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

Root = Annotated[Path | None, typer.Option("--store", help="folder [default: $POPDYN_STORE or popdyn_store]")]
Json = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]
Key = Annotated[str, typer.Option(help="beginning of a key")]
Spec = Annotated[str | None, typer.Option(help="name of the spec; * and ? stand for any letters")]
Protocol = Annotated[str | None, typer.Option(help="name of the protocol")]
Rung = Annotated[str | None, typer.Option(help="spiking or annealed")]
Backend = Annotated[str | None, typer.Option(help="numpy, cython, …")]
Older = Annotated[str | None, typer.Option(help='made longer ago than "7d", "90 min"')]
Newer = Annotated[str | None, typer.Option(help="made after that")]


@store.callback()
def about() -> None:
    """Results on disk: list, verify, clean, copy. Every verb takes --json and --store."""


@store.command("ls")
def list_objects(
    key: Key = "", spec: Spec = None, protocol: Protocol = None, rung: Rung = None, backend: Backend = None,
    older: Older = None, newer: Newer = None, root: Root = None, as_json: Json = False,
) -> None:  # fmt: skip
    """What is there, by the manifests; files are not looked at."""
    from popdyn.workflows.progress import plain
    from popdyn.workflows.store import list_store

    wanted = _filter(key, spec, protocol, rung, backend, older, newer)
    found = _working("listing", root, lambda progress: list_store(root, wanted, progress))
    size = sum(entry.bytes for entry in found)
    if as_json:
        objects = [entry._asdict() for entry in found]
        typer.echo(json.dumps({"ok": True, "count": len(found), "bytes": size, "objects": objects}, ensure_ascii=False))
        return
    rows = (f"{e.key}  {e.made:20}  {e.bytes:>12}  {e.fault or _words(e)}" for e in found)
    typer.echo("".join(plain(row) + "\n" for row in rows) + f"{_objects(len(found))}, {_bytes(size)}")


@store.command()
def verify(
    key: Key = "", spec: Spec = None, protocol: Protocol = None, rung: Rung = None, backend: Backend = None,
    older: Older = None, newer: Newer = None,
    sample: Annotated[str | None, typer.Option(help='a random share, such as "5%"')] = None,
    seed: Annotated[int | None, typer.Option(help="of the sample [default: another each time]")] = None,
    deep: Annotated[bool, typer.Option("--deep", help="read the results, too: 0.2 s each")] = False,
    quarantine: Annotated[bool, typer.Option("--quarantine", help="move damaged objects out of the way")] = False,
    root: Root = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Compare every byte with the manifests. Exit code 5: damaged; 4: unreadable; 3: of a newer popdyn."""
    from popdyn.cli.options import fraction
    from popdyn.workflows.store import exit_code, verify_store

    wanted = _filter(key, spec, protocol, rung, backend, older, newer)
    share = 1.0 if sample is None else fraction(sample, "--sample")
    found = _working("verifying", root, lambda progress: verify_store(
        root, wanted, share=share, seed=seed, deep=deep, quarantine=quarantine, progress=progress
    ))  # fmt: skip
    code = exit_code(found)
    if as_json:
        figures = {"ok": code == 0, "exit_code": code, "looked_at": found.looked_at, "damaged_share_95": found.bound}
        typer.echo(json.dumps({**figures, **asdict(found)}, indent=1, ensure_ascii=False))
    else:
        for kind in ("damaged", "unreadable", "newer"):
            for message in getattr(found, kind).values():
                typer.echo(f"{kind}: {message}")
        bound = f"; at most {100 * found.bound:.2g} % of all are damaged (95 %)" if found.bound and code == 0 else ""
        typer.echo(f"{found.whole} of {found.looked_at} whole, of {found.of} in the store{bound}")
    raise typer.Exit(code)


@store.command()
def gc(
    objects: Annotated[bool, typer.Option("--objects", help="also objects that the filters mean")] = False,
    key: Key = "", spec: Spec = None, protocol: Protocol = None, rung: Rung = None, backend: Backend = None,
    older: Older = None, newer: Newer = None,
    quarantine: Annotated[str, typer.Option(help="how long damaged results are kept")] = "30d",
    yes: Annotated[bool, typer.Option("--yes", help="remove; without it only say what would be")] = False,
    root: Root = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Say what dead writers left, old quarantine, dead leases, objects by name; --yes removes them."""
    from popdyn.errors import UsageError
    from popdyn.store.filters import seconds
    from popdyn.workflows.store import PARTIAL, clean_store

    wanted = _filter(key, spec, protocol, rung, backend, older, newer)
    if not objects and not wanted.everything:
        raise UsageError("filters choose objects; allowed: with --objects, which lets objects go")
    kept = seconds(quarantine, "--quarantine")
    found, stayed = _working("cleaning", root, lambda progress: clean_store(
        root, wanted if objects else None, quarantine=kept, really=yes, progress=progress
    ))  # fmt: skip
    size = sum(item.bytes for item in found)
    if as_json:
        items = [asdict(item) | {"path": str(item.path)} for item in found]
        answer = {"ok": not stayed, "removed": yes, "count": len(found), "bytes": size, "items": items}
        typer.echo(json.dumps({**answer, "stayed": [str(item.path) for item in stayed]}, indent=1))
    else:
        typer.echo("".join(f"{item.kind:10}  {item.bytes:>12}  {item.path}: {item.why}\n" for item in found), nl=False)
        typer.echo(f"{len(found)} things, {_bytes(size)}{'' if yes else '; nothing was removed: --yes does it'}")
        typer.echo("".join(f"stayed: {item.path}\n" for item in stayed), nl=False)
    raise typer.Exit(PARTIAL if stayed else 0)


@store.command("export")
def export_objects(
    to: Annotated[Path, typer.Argument(help="a new folder, .zip or .tar")],
    key: Key = "", spec: Spec = None, protocol: Protocol = None, rung: Rung = None, backend: Backend = None,
    older: Older = None, newer: Newer = None, root: Root = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Copy objects into an archive that says what is in it and is compared with that."""
    from popdyn.workflows.store import export_store

    wanted = _filter(key, spec, protocol, rung, backend, older, newer)
    keys, size = _working(f"exporting to {to}", root, lambda progress: export_store(root, to, wanted, progress))
    if as_json:
        typer.echo(json.dumps({"ok": True, "archive": str(to), "bytes": size, "keys": list(keys)}, indent=1))
    else:
        typer.echo(f"{to}: {_objects(len(keys))}, {_bytes(size)}")


@store.command("import")
def import_objects(
    archive: Annotated[Path, typer.Argument(help="what `popdyn store export` wrote")],
    root: Root = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Bring the objects of an archive in, each compared, its job with its key, its results read apart first."""
    from popdyn.workflows.store import import_store

    new = _working(f"bringing in {archive}", root, lambda progress: import_store(root, archive, progress))
    if as_json:
        typer.echo(json.dumps({"ok": True, "new": new}, indent=1))
    else:
        typer.echo(f"{_objects(len(new))} that were not there before")


@store.command()
def reindex(root: Root = None, as_json: Json = False) -> None:
    """Make the index anew from the manifests; `ls` does so by itself where it must."""
    from popdyn.workflows.store import reindex_store

    count, broken = _working("indexing", root, lambda progress: reindex_store(root, progress))
    if as_json:
        typer.echo(json.dumps({"ok": True, "count": count, "unreadable": broken}))
    else:
        typer.echo(f"{_objects(count)}, {broken} of them with a manifest that cannot be read")


def _filter(
    key: str, spec: str | None, protocol: str | None, rung: str | None, backend: str | None,
    older: str | None, newer: str | None,
) -> Filter:  # fmt: skip
    from popdyn.store.filters import Filter, seconds

    ages = [None if age is None else seconds(age, name) for age, name in ((older, "--older"), (newer, "--newer"))]
    return Filter(key, spec, protocol, rung, backend, *ages)


def _working(what: str, root: Path | None, work: Callable[[Any], Any]) -> Any:
    from popdyn.store import default_root
    from popdyn.workflows.progress import progress_line

    with progress_line(f"{what} ({root or default_root()})") as progress:
        return work(progress)


def _words(entry: Any) -> str:
    return "  ".join(word for word in (entry.spec, entry.protocol, entry.rung, entry.backend) if word)


def _objects(count: int) -> str:
    return f"{count} object{'' if count == 1 else 's'}"


def _bytes(size: int) -> str:
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size} bytes"
