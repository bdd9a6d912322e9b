"""A month of many channels in minutes: a clock that jumps, the sandbox in process, faults from a seed."""
