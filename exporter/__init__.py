"""The sidecar: reads a grader and serves its metrics. Runs alone, with typedyaml and nothing else of ours."""

__version__ = "0.1.0"
