"""Pictures of boards, drawn by Grafana's own components without a Grafana server."""
