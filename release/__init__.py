"""Builds what users install: a wheel, an sdist and Debian packages, with a bill of materials. See `scripts/package`."""
