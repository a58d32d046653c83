"""`python -m meshnode`: the same program as the `meshnode` command."""

from __future__ import annotations

from meshnode.cli.main import main

if __name__ == "__main__":
    main()
