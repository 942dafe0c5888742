"""The sidecar beside what a user could pick instead: the same data, in turns, on the same machine."""
