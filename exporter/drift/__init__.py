"""Drift and quality of a model, from its prediction log: fixed bins, and counts that add up.

Needs the extra `drift` (numpy); nothing here is imported by a sidecar without models.
"""
