"""`popdyn batch plan | run | status | report | export CAMPAIGN`: many jobs that survive anything."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from popdyn.errors import UsageError

batch = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True,
    help="Run a campaign file: a spec, what is varied, what is done. Running again goes on where it ended.",
)  # fmt: skip
File = Annotated[Path, typer.Argument(help="campaign file (TOML, JSON); docs/batch.md")]
StoreOption = Annotated[Path | None, typer.Option(help="store of results [default: popdyn_store]")]
Json = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]
SHOWN = 10
Workers = Annotated[int | None, typer.Option(help="processes at once [default: the cores at hand]")]


@batch.command()
def plan(campaign: File, store: StoreOption = None, workers: Workers = None, as_json: Json = False) -> None:
    """Say how many jobs there are, how many are done, and what the others take; start nothing."""
    from popdyn.workflows.campaign_run import plan_campaign

    found = plan_campaign(campaign, store=store, workers=_checked(workers))
    _answer(found.to_dict(), found.lines(), as_json)


@batch.command()
def run(
    campaign: File,
    store: StoreOption = None,
    workers: Workers = None,
    shard: Annotated[str | None, typer.Option(help="do part I of N alone: I/N")] = None,
    dask: Annotated[str | None, typer.Option(help="Dask scheduler: tls://…, tcp://127.0.0.1:…, or local")] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="allow tcp:// to another machine")] = False,
    submitit: Annotated[str | None, typer.Option(help="submit to slurm, or local for a try")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="forget failed attempts first")] = False,
    as_json: Json = False,
) -> None:
    """Do every job that is not done; Ctrl-C once finishes what runs, twice ends it."""
    from popdyn.workflows.campaign_engine import chosen_engine
    from popdyn.workflows.campaign_run import Shard, run_campaign
    from popdyn.workflows.progress import progress_line

    part = None if shard is None else Shard.of(shard)
    engine = chosen_engine(campaign, dask, submitit, insecure=insecure, workers=_checked(workers), store=store)
    with progress_line(f"running {campaign}") as progress:
        ran = run_campaign(
            campaign, store=store, engine=engine, workers=_checked(workers), shard=part, retry=retry, progress=progress
        )
    tally = ran.tally
    lines = [f"{ran.campaign.file.name}: {tally.words()}, {tally.cpu_s:.1f} CPU s"]
    if tally.damaged:
        lines.append(f"DAMAGED: {tally.damaged} results were not what was published; {tally.message}")
    if tally.failed:
        lines.append(f"what failed, and why: popdyn batch status {campaign}")
    lines.append(f"next: {_report_command(campaign, store)}")
    answer = {
        "name": ran.campaign.file.name, "jobs": tally.total, "done": tally.finished, "computed": tally.done,
        "failed": tally.classes(), "damaged": tally.damaged, "cpu_s": tally.cpu_s, "exit_code": ran.exit_code,
    }  # fmt: skip
    _answer(answer, lines, as_json)
    raise typer.Exit(ran.exit_code)


@batch.command()
def status(campaign: File, store: StoreOption = None, as_json: Json = False) -> None:
    """How it stands; also while it runs, and after it died."""
    from popdyn.workflows.campaign_status import status_of

    found = status_of(campaign, store=store)
    _answer(found.to_dict(), found.lines(), as_json)


@batch.command()
def report(
    campaign: File,
    store: StoreOption = None,
    out: Annotated[Path | None, typer.Option(help="folder [default: out/CAMPAIGN-report]")] = None,
    as_json: Json = False,
) -> None:
    """Gather what was found into one table: rates of truths, errors of conversions, the worst cases first."""
    from popdyn.workflows.campaign_report import report_campaign, summary, to_markdown

    table, files = report_campaign(campaign, store=store, out=out)
    names = [str(file) for file in files]
    answer = {"summary": summary(table), "rows": len(table.rows), "files": names}
    shown = to_markdown(replace(table, rows=table.rows[:SHOWN]), str(campaign)).splitlines()[4:]
    more = len(table.rows) - SHOWN
    rest = [f"{more} more rows are in the files"] if more > 0 else []
    _answer(answer, [summary(table), *shown, *rest, *names], as_json)


@batch.command()
def export(
    campaign: File,
    slurm: Annotated[bool, typer.Option("--slurm", help="an sbatch array script")] = False,
    shards: Annotated[int, typer.Option(help="array tasks that share the jobs and the store")] = 10,
    cpus: Annotated[int, typer.Option(help="cores, and workers, of each")] = 4,
    store: StoreOption = None,
    out: Annotated[Path | None, typer.Option(help="file [default: CAMPAIGN.sbatch]")] = None,
    as_json: Json = False,
) -> None:
    """Write what a cluster needs: a script to read, change and submit."""
    from popdyn.workflows.campaign_slurm import write_script

    if not slurm:
        raise UsageError("export: got no format; allowed: --slurm")
    path = write_script(campaign, shards=shards, cpus=cpus, store=store, out=out)
    lines = [f"{path}: {shards} shards of {cpus} workers; read it, then: sbatch {path}"]
    _answer({"script": str(path), "shards": shards, "cpus": cpus}, lines, as_json)


def _report_command(campaign: Path, store: Path | None) -> str:
    there = [] if store is None else ["--store", str(store)]
    return shlex.join(["popdyn", "batch", "report", str(campaign), *there])


def _checked(workers: int | None) -> int | None:
    if workers is not None and not 1 <= workers <= 4096:
        raise UsageError(f"--workers: got {workers}; allowed: 1 to 4096")
    return workers


def _answer(document: dict[str, Any], lines: list[str], as_json: bool) -> None:
    from popdyn.workflows.progress import plain

    typer.echo(json.dumps(document, indent=1, allow_nan=False) if as_json else "\n".join(map(plain, lines)))
