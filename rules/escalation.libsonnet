// The later steps of an alert: who is told when nobody has acknowledged it.
//
// Each step is a rule with the alert's own name, right after it in the same group. It watches the alert itself
// (ALERTS), so its `for` is the time since the alert fired, and it ends when the alert ends. While the alert is
// inhibited nobody has heard of it, so its clock must not run: `unless` says what inhibits it.
local matchers(pairs) = std.join(', ', [pair[0] + '="' + pair[1] + '"' for pair in pairs]);

// The first step of an alert while it fires. `service` keeps two policies in one Prometheus apart.
local firing(config, name, more=[]) =
  local own = [['alertname', name], ['alertstate', 'firing'], ['escalation', '0'], ['service', config.service]];
  'ALERTS{' + matchers(own + more) + '}';

// A step's contacts as text: one name, or several.
local who(step) = if std.isArray(step.to) then std.join(', ', step.to) else step.to;

local told(config, alert) = config.priorities[alert.priority].steps;

local built(config, name) = std.get(std.get(config.alerts, name, {}), 'enabled', true);

// What silences this alert by the policy, and the faster burn tiers of the same objective.
local silencers(config, alert) =
  [
    { on: inhibition.equal, alerts: firing(config, inhibition.source) }
    for inhibition in std.get(config, 'inhibit', [])
    if inhibition.source != alert.name && built(config, inhibition.source) && (
      std.member(std.get(inhibition.targets, 'priorities', []), alert.priority)
      || std.member(std.get(inhibition.targets, 'alerts', []), alert.name)
    )
  ] + [
    { on: ['service', 'slo'], alerts: firing(config, alert.name, [['burn_tier', faster], ['slo', alert.apart.slo]]) }
    for faster in std.get(alert, 'faster', [])
  ];

local unique(items) = std.foldl(function(seen, item) if std.member(seen, item) then seen else seen + [item], items, []);

{
  who:: who,

  // Matchers that silence the steps after `index` of the same incident; null when none is left.
  // Without blanks: Alertmanager's templates put this text into a link.
  ack(config, alert, index)::
    local left = [std.toString(i) for i in std.range(index + 1, std.length(told(config, alert)) - 1)];
    local known = { alertname: alert.name, service: config.service };
    local identity = [
      label + '=' + (
        if std.objectHas(known, label) then '"' + known[label] + '"'
        else '{{ printf "%q" $labels.' + label + ' }}'  // a quote in a value must not end the matcher
      )
      for label in std.get(config, 'identity', ['alertname', 'service'])
    ];
    if left == [] then null
    else std.join(',', identity + ['escalation=~"' + std.join('|', left) + '"']),

  // `alert.apart` holds the labels that tell rules of one name apart (burn tiers): without them the steps of one
  // would follow the others.
  steps(config, alert)::
    local base = firing(config, alert.name, [[k, alert.apart[k]] for k in std.objectFields(alert.apart)]);
    local quiet = unique([
      'unless on (' + std.join(', ', s.on) + ') ' + s.alerts
      for s in silencers(config, alert)
    ]);
    [
      local step = told(config, alert)[index];
      local late = 'not acknowledged for ' + step.after;
      {
        alert: alert.name,
        expr: std.join('\n', [base + ' == 1'] + quiet),
        'for': step.after,
        // Empty: takes away the label that came with ALERTS. The others are inherited.
        labels: alert.apart + { alertstate: '', escalation: std.toString(index) },
        annotations: {
          summary: std.substr(alert.summary, 0, std.length(alert.summary) - 1) + ' (' + late + ': escalated to ' + who(step) + ').',
          description: alert.where + ': ' + late + ', escalated to ' + who(step) + '.',
          escalated_to: who(step),
        },
      }
      for index in std.range(1, std.length(told(config, alert)) - 1)
    ],
}
