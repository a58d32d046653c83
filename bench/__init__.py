"""Measures how fast and how small a node is: one file a measure, a common harness, one village to measure with.

`scripts/bench` runs it; docs/measures.md says how each figure is taken, the results, and the goals.
"""
