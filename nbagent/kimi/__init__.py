"""The Kimi adapter: one model call as bytes out and a checked reply in. The only home of openai.

Read in this order: `endpoints` (where to send), `keys` (with which key), `client` (the model
port: head, tail, start), `exchange` (one request from its sending to its reply), `sse` and
`assemble` (bytes to events to a message), `faults` (what went wrong, in words), `pace` (the
account's limits).
"""
