"""What a dashboard's queries answer on a running Prometheus."""
