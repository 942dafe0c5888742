"""The monitoring mixin and what is made of it: rules, records, Prometheus' configuration, clock tests."""
