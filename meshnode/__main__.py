"""Runs the `meshnode` command as `python -m meshnode`."""

from __future__ import annotations

from meshnode.cli.main import main

if __name__ == "__main__":
    main()
