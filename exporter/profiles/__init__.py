"""Real graders as data: a profile says which SQL answers which question about a grader."""

from __future__ import annotations

from exporter.profiles.binding import bind
from exporter.profiles.profile import Block, Files, Profile, load_profile

__all__ = ["Block", "Files", "Profile", "bind", "load_profile"]
