"""Queues in brokers: how each library lays them out, and how a server is asked for all of them at once."""
