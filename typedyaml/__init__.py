"""YAML files as typed, frozen values; every fault at once, each with its line and column."""
