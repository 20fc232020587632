"""A long run on a clock that jumps: hours of waiting in minutes, in real kernels that are killed.

Read in this order: `clock` (the time that server and kernels share), `story` (what the model does
for thousands of calls), `server` (which plays it, breaks, and kills kernels), `inside` (what a
kernel notes of itself), `soak` (one soak, from the first kernel to the answer), `figures` (what
is said of it), `naive` (the controls).
"""
