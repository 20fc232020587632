"""The live kernel: where an agent's code runs, beside the user's variables.

`pump` drives runs on the main thread, `shell` runs tool code in it, and around that code stand
`capture` (what it shows), `interrupts` (what stops it), `contain` (what it may not do), `watch`
(what it changed) and `aio` (what it awaits and leaves running).
"""
