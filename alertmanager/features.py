"""Which Alertmanager has what: a feature that the target lacks is refused by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

OLDEST = "0.25"
NEWEST = "0.33"
"""The newest that the tests ran; a newer target is built for as this one."""

SINCE: Mapping[str, str] = {
    "discord_configs": "0.25",
    "email_configs": OLDEST,
    "incidentio_configs": "0.29",
    "jira_configs": "0.28",
    "mattermost_configs": "0.30",
    "msteams_configs": "0.26",
    "msteams_configs.webhook_url_file": "0.27",
    "msteamsv2_configs": "0.28",
    "opsgenie_configs": OLDEST,
    "pagerduty_configs": OLDEST,
    "pagerduty_configs.routing_key_file": "0.25",
    "pagerduty_configs.timeout": "0.30",
    "pushover_configs": OLDEST,
    "rocketchat_configs": "0.28",
    "slack_configs": OLDEST,
    "slack_configs.timeout": "0.30",
    "slack_configs.update_message": "0.32",
    "sns_configs": OLDEST,
    "telegram_configs": OLDEST,
    "telegram_configs.bot_token_file": "0.26",
    "telegram_configs.chat_id_file": "0.31",
    "victorops_configs": OLDEST,
    "webex_configs": "0.25",
    "webhook_configs": OLDEST,
    "webhook_configs.payload": "0.32",
    "webhook_configs.timeout": "0.28",
    "webhook_configs.url_file": "0.26",
    "wechat_configs": OLDEST,
    "global.slack_api_url_file": OLDEST,
    "global.smtp_auth_password_file": "0.25",
    "global.smtp_auth_secret_file": "0.31",
    "inhibit_rules.name": "0.30",
}
"""Section, or section.key, of the configuration -> the first version that reads it (from its change log)."""


def missing(section: str, keys: Mapping[str, object], target: str) -> Iterator[tuple[str, str]]:
    """The features of one block that `target` lacks, each with the first version that has it."""
    for feature in (section, *(f"{section}.{key}" for key in keys)):
        since = SINCE.get(feature, OLDEST)
        if parsed(since) > parsed(target):
            yield feature, since


def parsed(version: str) -> tuple[int, ...]:
    """A version as numbers, so that 0.9 is older than 0.28."""
    return tuple(int(part) for part in version.split("."))
