"""Evidence that a run survives kill -9 anywhere; `python -m tests.kills` prints it as a table.

`story` says what a run does, `life` lives it in a process that kills itself at a given state, and
`checks` judges what the next life makes of it. `naive` is the control, in the same harness.
"""
