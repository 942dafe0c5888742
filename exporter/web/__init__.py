"""Who may talk to the sidecar, and how: the web configuration file that Prometheus' exporters share."""
