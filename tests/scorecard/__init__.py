"""The scorecard: what is said of a run that cannot be lost, measured, as one table.

Read in this order: `parts` (what is run for it), `rows` (what of that is a row), `__main__`.
"""
