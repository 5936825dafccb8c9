"""Makes `python -m petition.cli` the same as `petition`, for the children that `petition serve` starts."""

from petition.cli import main

main()
