"""A profile for one installation: its dialect's words and its own options put into the statements."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from exporter.profiles.profile import Block, Labels, Profile

WORD = re.compile(r"\{([a-z][a-z0-9_-]*)\}")
"""A place in a statement that an option or a dialect's word fills."""


def bind(profile: Profile, dialect: str, options: Mapping[str, str] | None = None) -> Profile:
    """The profile with every `{name}` replaced. Names that it does not know stay: its check refuses them."""
    known = {**profile.options, **(options or {})}
    words = next((words for name, words in profile.words.items() if name == dialect), {})

    def filled(text: str) -> str:
        # A word may itself hold an option, so options come second.
        return _filled(_filled(text, words), known)

    return replace(
        profile,
        queries={name: _bound(block, filled) for name, block in profile.queries.items()},
        options=known,
        grants={filled(table): columns for table, columns in profile.grants.items()},
        masked={filled(table): columns for table, columns in profile.masked.items()},
        small=tuple(map(filled, profile.small)),
        now=None if profile.now is None else filled(profile.now),
        labels=None if profile.labels is None else _filled_labels(profile.labels, filled),
    )


def _filled(text: str, values: Mapping[str, str]) -> str:
    return WORD.sub(lambda found: values.get(found[1], found[0]), text)


def _bound(block: Block, filled: Callable[[str], str]) -> Block:
    newest = None if block.newest is None else filled(block.newest)
    return replace(block, sql=filled(block.sql), newest=newest)


def _filled_labels(labels: Labels, filled: Callable[[str], str]) -> Labels:
    return Labels(
        of={name: {block: filled(sql) for block, sql in of.items()} for name, of in labels.of.items()},
        values=filled(labels.values),
        grants={filled(table): columns for table, columns in labels.grants.items()},
    )
