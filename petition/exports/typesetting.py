"""Sets documents with typst in a process with limits; what was typed travels as JSON, never in the template."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from petition.config import Config, data_folder
from petition.errors import N_, PetitionError
from petition.exports import fonts, workplace

log = logging.getLogger(__name__)

MEMORY = 2 * 1024**3
SECONDS = 300


class NoDocument(PetitionError):
    """The typesetter gave up: out of time or memory, or over a text it cannot set."""

    code = "no_document"
    status = 500
    message = N_("The document could not be made. Whoever runs the server finds more in its log.")


class NoFont(PetitionError):
    """The letter's own text has characters that no font here has."""

    code = "no_font"
    status = 409
    message = N_("No font here has these characters of the letter: %(characters)s. Whoever runs the server can add one (PETITION_FONTS).")


def typeset(
    template: str, data: dict[str, Any], output: Path, *, config: Config, now: datetime, seconds: int = SECONDS, ppi: int = 0
) -> None:
    """Write the document made of a template and its data; `ppi` asks for pictures, one a page (`name-{p}.png`).

    Raises NoDocument. The same data at the same moment make the same bytes. What it works with lies where it is swept.
    """
    with workplace.work(workplace.folder(config)) as folder:
        for file in (data_folder("templates") / "documents").glob("*.typ"):
            shutil.copy(file, folder)
        (folder / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        job = {
            "template": f"{folder}/{template}.typ", "root": str(folder), "output": str(output), "at": int(now.timestamp()),
            "fonts": [str(each) for each in fonts.folders(config.fonts)], "memory": MEMORY, "seconds": seconds,
            "format": "png" if ppi else "pdf", "ppi": ppi,
        }  # fmt: skip
        _run(job, seconds)


def _run(job: dict[str, Any], seconds: int) -> None:
    command = [sys.executable, "-I", str(Path(__file__).with_name("typesetter.py"))]
    try:
        done = subprocess.run(  # noqa: S603 (our own program; the job goes to its standard input)
            command, input=json.dumps(job), text=True, capture_output=True, timeout=seconds, check=False,
            env={"PATH": os.environ.get("PATH", ""), "TMPDIR": job["root"]},
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        log.error("the typesetter was stopped after %d seconds", seconds)
        raise NoDocument from error
    if done.returncode != 0:
        # What it said may quote what was typed, which no log may hold.
        log.error("the typesetter ended with code %d", done.returncode)
        raise NoDocument(why=done.stderr.strip()[-2000:], exit=done.returncode)


def require_fonts(text: str, config: Config) -> None:
    """Raise NoFont unless every character of the letter's own words can be shown."""
    lacking = fonts.missing(text, config.fonts)
    if lacking:
        raise NoFont(characters=" ".join(lacking[:20]))
