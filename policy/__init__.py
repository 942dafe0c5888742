"""What is promised about a watched system: objectives, thresholds, priorities, escalation, channels."""
