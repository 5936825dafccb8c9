"""The arrows between the layers point down, and views cannot query."""

import subprocess
import sys
from pathlib import Path


def test_the_import_contracts_are_kept():
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command, "--no-cache"], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
