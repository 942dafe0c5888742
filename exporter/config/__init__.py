"""The sidecar's configuration: one module a section."""
