"""`petition mirror`: the public pages as plain files, which any web server, memory stick or e-mail can carry."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click
from flask import current_app
from flask.cli import with_appcontext

from petition.cli.copying import Walk
from petition.upkeep import readiness

MARKER = "mirror.json"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--names", is_flag=True, help="Write the lists of signatories as well. Who withdraws later stays in the copies.")
@with_appcontext
def mirror(folder: Path, names: bool) -> None:
    """Write the public pages into DIR as plain files that any static host can serve."""
    readiness.require_schema()
    folder = folder.resolve()
    _require_ours(folder)
    app, made_at = current_app._get_current_object(), datetime.now(UTC)  # type: ignore[attr-defined]
    base = app.config["PETITION"].base_url
    if urlsplit(base).hostname in _LOOPBACK:
        click.echo(f"The buttons of this mirror open {base}, which only this machine reaches; set PETITION_BASE_URL.", err=True)
    written = 0
    with _beside(folder) as draft:

        def write(place: str, content: bytes) -> None:
            nonlocal written
            written += 1
            _write(draft / place, content)

        about = {"made_by": "petition mirror", "made_at": made_at.isoformat(timespec="seconds"), "original": base, "names": names}
        write(MARKER, (json.dumps(about, indent=1) + "\n").encode())
        walk = Walk(app, write, names=names, made_at=made_at)
        with click.progressbar(walk.run(), length=walk.steps, label=f"Writing {folder}", file=sys.stderr) as steps:
            for _ in steps:
                pass
    click.echo(f"{folder}: {written} files, made {made_at:%Y-%m-%d %H:%M} UTC.")


def _require_ours(folder: Path) -> None:
    """Refuse a folder in which there is anything but an earlier mirror."""
    if not folder.exists():
        if not folder.parent.is_dir():
            raise click.ClickException(f"There is no folder {folder.parent} to make {folder.name} in; make it, or name another.")
        return
    if not folder.is_dir():
        raise click.ClickException(f"{folder} is a file; name a folder.")
    if any(folder.iterdir()) and not _is_mirror(folder):
        raise click.ClickException(f"{folder} is not empty and holds no mirror made by this command; empty it, or name another.")


def _is_mirror(folder: Path) -> bool:
    with suppress(OSError, ValueError):
        found = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        return isinstance(found, dict) and found.get("made_by") == "petition mirror"
    return False


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A folder that takes the other's place when it is whole, and else leaves no trace."""
    _sweep(folder)
    draft, old = (folder.with_name(f".{folder.name}.{os.getpid()}.{what}") for what in ("part", "old"))
    draft.mkdir(mode=0o755)
    try:
        yield draft
        draft.chmod(0o755)
        if folder.exists():
            folder.rename(old)
        draft.rename(folder)
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        for each in (draft, old):
            shutil.rmtree(each, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Clear away what a run that was killed left beside, and put back what it had moved."""
    left = re.compile(rf"\.{re.escape(folder.name)}\.(\d+)\.(part|old)")
    for each in sorted(folder.parent.iterdir()):
        found = left.fullmatch(each.name)
        if found is None or not _is_mirror(each) or _runs(int(found[1])):
            continue
        if found[2] == "old" and not folder.exists():
            each.rename(folder)
        else:
            shutil.rmtree(each)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write(file: Path, content: bytes) -> None:
    """Write a file that everybody may read, as everybody may read the page."""
    if not file.parent.exists():
        file.parent.mkdir(parents=True)
        for each in file.parents:
            if each.name.endswith(".part"):
                break
            each.chmod(0o755)
    file.write_bytes(content)
    file.chmod(0o644)
