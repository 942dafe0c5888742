// One alert of the policy as its rules: the alert itself and, after it, its steps of escalation.
local escalation = import 'escalation.libsonnet';

// The board on which the cause shows; dashboards/places.py says the same.
local boards = {
  grader: ['grading'],
  queue: ['queue', 'throughput'],
  database: ['database', 'backup'],
  system: ['saturation', 'storage', 'cache', 'capacity'],
  model: ['model'],
  adoption: ['support', 'compliance', 'security'],
  slo: ['certificate'],
  alerts: ['monitoring'],
};
local board(category) =
  local found = [name for name in std.objectFields(boards) if std.member(boards[name], category)];
  'gradewatch-' + (if found == [] then 'overview' else found[0]);

local links(config, alert) = {
  runbook_url: config.links.runbooks + '/' + alert.name,
  dashboard_url: config.links.dashboards + '/d/' + board(alert.category),
};

local acknowledgement(config, alert, index) =
  local text = escalation.ack(config, alert, index);
  if text == null then {} else { ack: text };

{
  // `alert`: name, priority, category, type, for, keep_firing_for, labels, apart, expr, summary, where, what.
  rules(config, alert)::
    local hold = std.get(alert, 'keep_firing_for', null);
    local first = {
      alert: alert.name,
      expr: alert.expr,
      'for': alert['for'],
      [if hold != null then 'keep_firing_for']: hold,
      labels: std.get(alert, 'labels', {}) + alert.apart + {
        priority: alert.priority,
        severity: config.priorities[alert.priority].severity,
        service: config.service,
        team: config.team,
        category: alert.category,
        alert_type: alert.type,
        escalation: '0',
      },
      annotations: {
        summary: alert.summary,
        description: alert.where + ': ' + alert.what,
        escalated_to: escalation.who(config.priorities[alert.priority].steps[0]),
      },
    };
    local rules = [first] + escalation.steps(config, alert);
    [
      rules[index] { annotations+: links(config, alert) + acknowledgement(config, alert, index) }
      for index in std.range(0, std.length(rules) - 1)
    ],
}
