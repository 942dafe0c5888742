// Does an error budget burn too fast? One alert name an objective, one rule a tier of the policy's `burn_tiers`.
local burn = import '../burn.libsonnet';
local durations = import '../durations.libsonnet';
local fill = import '../fill.libsonnet';

{
  // The alerts of one objective, fastest tier first: faster ones silence slower ones.
  local alerts(name, objective) =
    local tiers = burn.tiers($._config, objective);
    local selector = burn.selector($._config, name);
    [
      local tier = tiers[index];
      local names = tier {
        selector: selector,
        above: durations.figure(tier.threshold),
        times: durations.decimal(std.round(tier.factor * 1e4) / 1e4),
        minimum: durations.figure(std.get(objective, 'minimum', 60)),
        period: objective.period,
      };
      {
        name: objective.alert,
        job: 'application',
        priority: tier.priority,
        category: objective.category,
        type: 'symptom',
        'for': tier['for'],
        apart: { slo: name, burn_tier: tier.name, short: tier.short, long: tier.long },
        faster: [t.name for t in tiers[:index]],
        threshold: { above: tier.threshold },
        // The long window tells that it matters, the short one that it still goes on.
        expr: fill(|||
          slo:sli_error:ratio_rate%(short)s{%(selector)s} > %(above)s
          and
          slo:sli_error:ratio_rate%(long)s{%(selector)s} > %(above)s
          and
          slo:events_total:increase%(long)s{%(selector)s} >= %(minimum)s
        |||, names),
        summary: 'The error budget is burning too fast.',
        where: '{{ $labels.job }}, objective {{ $labels.slo }}',
        what: ('{{ $value | humanizePercentage }} of the events of the last %(short)s were bad; both windows are over '
               + '%(times)s times what the budget of %(period)s allows.') % names,
        example: {
          // The records are fed: of the real series a test would need days.
          ['slo:sli_error:ratio_rate%(short)s{%(selector)s}' % names]: '0 1x{ticks}',
          ['slo:sli_error:ratio_rate%(long)s{%(selector)s}' % names]: '0 1x{ticks}',
          ['slo:events_total:increase%(long)s{%(selector)s}' % names]: '%sx{ticks}' % names.minimum,
        },
      }
      for index in std.range(0, std.length(tiers) - 1)
    ],

  budgetAlerts+:: [
    alert
    for name in std.objectFields(std.get($._config, 'objectives', {}))
    for alert in alerts(name, $._config.objectives[name])
  ],
}
