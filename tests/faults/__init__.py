"""What a run makes of a broken server: a table of faults, and what holds after each of them.

Read in this order: `turns` (the conversation that the server plays), `server` (which plays it,
judges what it is sent, and breaks where it is told to), `fault` (a row of the table, and the ways
to break), `table` and the files it joins (the rows), `scene` (one run against one broken server),
`invariants` (what holds after every fault), `naive` (the control), `score` (the figures).
"""
