"""How good the alerts are: weeks of a simulated system with labelled incidents, rules against rules.

    python -m bench.alerts        (or `make bench-alerts`)

A simulator writes a month of a grader's metrics: daily rhythm, deadlines, weekends, noise, releases, and a
labelled list of incidents. A real Prometheus holds them and evaluates each rule's expression; `for`,
`keep_firing_for`, inhibition, grouping and repetition are replayed: backfilled samples make no alerts.
Three sets of rules are scored on the same weeks: ours, the literal ones of the source documents, and plain
threshold rules as public collections have them.
"""
