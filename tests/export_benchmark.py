"""What exports of very many signatures take, in time and in the whole process's memory: the figures of docs/delivering.md."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from petition import create_app
from petition.db import dispose, transaction
from petition.signatures.models import Signature
from tests.conftest import settings
from tests.running import COMMAND
from tests.sampled import signed_letter

ROWS = 500_000
SAMPLE = 2_000
PRINTED = (10_000, 100_000)
# What a copy cannot share with the row that it is made of.
APART = {"id": None, "public_id": "lower(hex(randomblob(16)))", "address_fingerprint": "NULL", "organisation_key": "NULL", "pinned": "NULL"}


def fill(folder: Path, rows: int) -> None:
    """A letter with so many signatures: a sample, and copies of it."""
    app = create_app(settings(folder))
    with app.app_context():
        upgrade()
        signed_letter(app, SAMPLE)
        with transaction() as session:
            for start in range(SAMPLE, rows, SAMPLE):
                _copy(session, min(SAMPLE, rows - start))
        dispose()


def _copy(session: Session, number: int) -> None:
    columns = [each.key for each in inspect(Signature).columns if each.key != "id"]
    chosen = ", ".join(APART.get(name) or name for name in columns)
    first = "SELECT min(id) FROM signature"
    session.execute(
        text(f"INSERT INTO signature ({', '.join(columns)}) SELECT {chosen} FROM signature WHERE id < ({first}) + :number"),
        {"number": number},
    )


def measure(folder: Path, *arguments: str) -> None:
    """Run one export as a process of its own and print what it took."""
    target = folder / "out.file"
    environ = {"PETITION_MODE": "development", "PETITION_INSTANCE": str(folder), "PATH": os.environ["PATH"]}
    began = time.perf_counter()
    command = [COMMAND, "export", "artsakh-ngos", *arguments, "--output", str(target)]
    process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    size = target.stat().st_size / 1e6 if target.exists() else 0
    print(
        f"{' '.join(arguments):24} exit {process.returncode} {time.perf_counter() - began:7.1f} s, "
        f"{used.ru_utime + used.ru_stime:6.1f} s at work, {used.ru_maxrss / 1024:6.0f} MB at most, file {size:.1f} MB", flush=True,
    )  # fmt: skip
    target.unlink(missing_ok=True)


def main() -> None:
    """Measure the tables at once, and the PDFs of other sizes after them."""
    parser = argparse.ArgumentParser(prog="python -m tests.export_benchmark", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    rows = parser.parse_args().rows
    for number, formats in ((rows, ("csv", "ndjson", "xlsx")), *((each, ("pdf",)) for each in PRINTED)):
        folder = Path(tempfile.mkdtemp())
        fill(folder, number)
        print(f"{number:,} signatures")
        for format_ in formats:
            measure(folder, "--format", format_)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
