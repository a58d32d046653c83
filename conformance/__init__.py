"""Drives an implementation of the protocol through all golden vectors: one JSON question a line, one JSON answer a line.

`scripts/conformance` starts it; protocol/vectors/README.md explains the questions. This package reads the vectors and
uses `protocol`, nothing else, so that it tells about an implementation only what the specification says.
"""
