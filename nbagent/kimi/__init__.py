"""The Kimi adapter: one model call as bytes out and a checked reply in. The only home of openai.

Read in this order: `endpoints` (where to send), `keys` (with which key), `client` (the model
port: head, tail, start), `exchange` (one request, from sending to reply). Below these:
`transport` (the openai client in its `io_thread`), `sse`, `reader`, `assemble` and `fragments`
(bytes to events to a message), `faults` and `network` (what went wrong, in words), `watchdog`
(silence) and `pace` (the account's limits).
"""
