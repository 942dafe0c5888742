"""From the escalation matrix of a policy to Alertmanager's files, and how an incident is acknowledged."""
