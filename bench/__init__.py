"""Measures the speed and size of a node: one file a measure, a common harness, and a village of test data.

`scripts/bench` runs it; docs/measures.md says how each figure is taken, its latest value, and its goal.
"""
