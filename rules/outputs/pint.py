"""A configuration for cloudflare/pint: every check is on, and the house's own conventions are rules of it."""

from __future__ import annotations

from policy.model import Policy
from rules.lint import ANNOTATIONS, CLOSED, LABELS, LONGEST_NAME

_HEAD = """\
# {header}
#
# Run it where the rules are: pint --config pint/.pint.hcl lint prometheus/*.rules.yaml

parser {{
  schema = "prometheus"
  names  = "legacy"
}}
"""
_SERVER = """\

prometheus "gradewatch" {{
  uri     = "{url}"
  timeout = "30s"
}}
"""
_WATCHDOG = """\

# Watchdog fires always: vector(1) compares nothing. The only check that is off, and for this alert only.
rule {
  match {
    kind = "alerting"
    name = "Watchdog"
  }
  disable = ["alerts/comparison"]
}
"""
_RULES = """\

rule {
  ignore {
    name = "Watchdog"
  }
  match {
    kind = "alerting"
  }
"""


_FIRST = """\

rule {
  match {
    kind = "alerting"
    label "escalation" {
      value = "0"
    }
  }
  ignore {
    name = "Watchdog"
  }
"""
_NAME = """\

rule {{
  match {{
    kind = "alerting"
  }}
  name "([A-Z]+[a-z0-9]+)+" {{
    severity = "bug"
    comment  = "CamelCase, at most {longest} characters"
  }}
}}
"""


def configuration(policy: Policy, header: str) -> str:
    """The text of `.pint.hcl`; with a server also what only it can know is checked."""
    server = policy.outputs.pint.prometheus if policy.outputs.pint else None
    parts = [_HEAD.format(header=header), _SERVER.format(url=server) if server else "", _WATCHDOG, _RULES]
    parts += [_required("annotation", name) for name in ANNOTATIONS]
    # Later steps inherit their labels through ALERTS: only their own can be asked for.
    parts.append(_label("escalation", "[0-9]+"))
    parts.append("}\n")
    parts.append(_first_rules())
    parts.append(_NAME.format(longest=LONGEST_NAME))
    return "".join(parts)


def _required(kind: str, name: str) -> str:
    return f'  {kind} "{name}" {{\n    severity = "bug"\n    required = true\n  }}\n'


def _label(name: str, value: str) -> str:
    body = f'    severity = "bug"\n    value    = "{value}"\n    required = true\n'
    return f'  label "{name}" {{\n{body}  }}\n'


def _first_rules() -> str:
    """Labels of an alert itself, which is known by having a `for` and the step 0."""
    lines = [_FIRST]
    for name in LABELS:
        if name != "escalation":
            lines.append(_label(name, "|".join(CLOSED[name]) if name in CLOSED else ".+"))
    return "".join([*lines, "}\n"])
