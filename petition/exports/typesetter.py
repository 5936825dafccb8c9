"""Sets one document, as a process of its own: a hostile text can spend this process's memory and time, and no more."""

# Run by its path, so that nothing of the platform is loaded beside the typesetter.

from __future__ import annotations

import json
import resource
import sys
from datetime import UTC, datetime
from typing import Any

FAILED = 3


def main() -> int:
    """Read the job from standard input, keep within its limits, and write the document."""
    job = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (job["memory"], job["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (job["seconds"], job["seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return _set(job)


def _set(job: dict[str, Any]) -> int:
    import typst

    fonts = typst.Fonts(include_system_fonts=False, font_paths=job["fonts"])
    plain = [name for name in fonts.families() if name.startswith("Noto") or name not in _BUILT_IN]
    # One face for all that has it; the others stand in, script by script.
    plain.sort(key=lambda name: (name != "Noto Sans", name in ("Noto Emoji", "Noto Sans Symbols"), name))
    try:
        typst.compile(
            job["template"], output=job["output"], root=job["root"], font_paths=fonts, format=job["format"],
            sys_inputs={"families": json.dumps(plain)}, timestamp=datetime.fromtimestamp(job["at"], UTC),
            **({"pdf_standards": ["ua-1"]} if job["format"] == "pdf" else {"ppi": job["ppi"]}),
        )  # fmt: skip
    except typst.TypstError as error:
        # May quote the text, so it goes to whoever asked and to no log.
        print(error.message, *error.hints, error.trace, file=sys.stderr)
        return FAILED
    return 0


_BUILT_IN = {"DejaVu Sans Mono", "Libertinus Serif", "New Computer Modern", "New Computer Modern Math"}

if __name__ == "__main__":
    sys.exit(main())
