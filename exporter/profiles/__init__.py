"""Real graders as data: a profile says which SQL answers which question about a grader."""

from __future__ import annotations

from exporter.profiles.profile import Block, Files, Profile, load_profile

__all__ = ["Block", "Files", "Profile", "load_profile"]
