"""The types of contacts, channels and delivery: whom a role is, and how messages leave Alertmanager."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from policy.scalars import AbsolutePath, Address, Mail, Priority, Url
from typedyaml.units import Duration

Channel = Literal["pagerduty", "sms", "call", "slack", "msteams", "email", "webhook"]
PhoneNumber = Annotated[
    str, Meta(pattern=r"^\+[1-9][0-9]{6,14}$", description='a phone number like "+4930123456" (E.164)')
]
TopicArn = Annotated[
    str, Meta(pattern=r"^arn:[^:\s]+:sns:[^:\s]+:[^:\s]*:\S+$", description="the ARN of an SNS topic")
]


@dataclass(frozen=True, slots=True)
class ChannelPolicy:
    """Who may use a channel, and how late a message may be."""

    priorities: Annotated[tuple[Priority, ...], Meta(min_length=1)]
    within: Duration


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """`schedule`: PagerDuty's own escalation policy that a hand-over relies on; only its name."""

    routing_key_file: AbsolutePath
    schedule: str | None = None


@dataclass(frozen=True, slots=True)
class Sns:
    """Text messages by Amazon SNS: to the subscribers of a topic, or to one number."""

    topic_arn: TopicArn | None = None
    phone_number: PhoneNumber | None = None


@dataclass(frozen=True, slots=True)
class Slack:
    channel: Annotated[str, Meta(pattern=r"^[#@]\S+$", description="a Slack channel like #oncall")]


@dataclass(frozen=True, slots=True)
class MsTeams:
    webhook_url_file: AbsolutePath


@dataclass(frozen=True, slots=True)
class Email:
    to: Mail


@dataclass(frozen=True, slots=True)
class OwnWebhook:
    """A receiver of Alertmanager's own JSON: by address, or by a file that holds it when it has a secret."""

    url: Url | None = None
    url_file: AbsolutePath | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """A role's addresses. `sms` and `call` are switches: the webhook's adapter knows the numbers."""

    pagerduty: PagerDuty | None = None
    sms: bool = False
    sns: Sns | None = None
    """Text messages by SNS in place of the adapter; the channel is `sms` either way."""
    call: bool = False
    slack: Slack | None = None
    msteams: MsTeams | None = None
    email: Email | None = None
    webhook: OwnWebhook | None = None

    def channels(self) -> tuple[Channel, ...]:
        """The channels this contact can be reached by, in the order of the type."""
        has: dict[Channel, object] = {
            "pagerduty": self.pagerduty,
            "sms": self.sms or self.sns,
            "call": self.call,
            "slack": self.slack,
            "msteams": self.msteams,
            "email": self.email,
            "webhook": self.webhook,
        }
        return tuple(channel for channel, address in has.items() if address)


@dataclass(frozen=True, slots=True)
class Smtp:
    smarthost: Address
    from_: Mail
    username: str | None = None
    password_file: AbsolutePath | None = None


@dataclass(frozen=True, slots=True)
class SlackDelivery:
    api_url_file: AbsolutePath


@dataclass(frozen=True, slots=True)
class Webhook:
    """SMS and calls: POST to `<base>/sms/<role>` and `<base>/call/<role>`."""

    base: Url


@dataclass(frozen=True, slots=True)
class SnsDelivery:
    """Credentials come from Alertmanager's environment or machine role; nothing secret is written."""

    region: str
    profile: str | None = None
    role_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    smtp: Smtp | None = None
    slack: SlackDelivery | None = None
    webhook: Webhook | None = None
    sns: SnsDelivery | None = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    url_file: AbsolutePath
