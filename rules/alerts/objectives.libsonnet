// Does an error budget burn too fast? One alert name an objective, one rule a tier of the policy's `burn_tiers`. And
// three alerts for all objectives together: the budget is spent, little traffic hides failures, nothing is measured.
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
        minimum: durations.figure(burn.minimum(objective)),
        period: objective.period,
      };
      {
        name: objective.alert,
        job: std.get(objective.sli, 'job', 'application'),
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

  local config = $._config,
  local objectives = std.get(config, 'objectives', {}),
  local names = [name for name in std.objectFields(objectives) if burn.tiers(config, objectives[name]) != []],
  local record(metric, name) = 'slo:%s{%s}' % [metric, burn.selector(config, name)],
  local shortest(name) = burn.windows(burn.tiers(config, objectives[name]))[0],
  local jobs = std.set([burn.job(config, objectives[name]) for name in names]),
  local of_all = {
    job: 'application',
    where: '{{ $labels.job }}, objective {{ $labels.slo }}',
    possible: names != [],
  },
  // Objectives that count what users do: a service that nobody uses still has its scrapes counted.
  local counted = [name for name in names if burn.counts_events(objectives[name])],

  alertRules+:: {
    ErrorBudgetExhausted: of_all {
      takes: {},
      expr: 'slo:period_error_budget_remaining:ratio{job=~"%s", service="%%(service)s"} <= 0' % std.join('|', jobs),
      summary: 'The error budget of a period is spent.',
      what: 'its budget is at {{ $value | humanizePercentage }}; changes that are not repairs must wait.',
      example: { [record('period_error_budget_remaining:ratio', names[0])]: '1 0x{ticks}' },
    },

    // Under the minimum of its objective no burn alert can fire: a small course must not be left alone.
    ErrorsAtLowVolume: of_all {
      takes: { window: 'duration', minimum: 'count' },
      possible: counted != [],
      expr: std.join('\nor\n', [
        record('events_bad:increase%(window)s', name) + ' >= %(minimum)s\nand\n'
        + record('events_total:increase%(window)s', name)
        + ' < ' + durations.figure(burn.minimum(objectives[name]))
        for name in counted
      ]),
      summary: 'Of few events many are bad.',
      what: '{{ $value | humanize }} bad events in the last %(window)s, too few in all for the error budget to tell.',
      example: {
        [record('events_bad:increase%(window)s', counted[0])]: '0 %(many)sx{ticks}',
        [record('events_total:increase%(window)s', counted[0])]: '1x{ticks}',
      },
    },

    ObjectiveWithoutData: of_all {
      takes: {},
      expr: std.join('\nor\n', [
        'absent(%s)' % record('events_bad:increase' + shortest(name), name)
        for name in names
      ]),
      summary: 'An objective is not measured: its metric is missing.',
      what: 'for %(for)s nothing tells whether the promise is kept.',
      example: {
        [record('events_bad:increase' + shortest(name), name)]: if name == names[0] then '0 stale' else '0x{ticks}'
        for name in names
      },
    },
  },

  budgetAlerts+:: [
    alert
    for name in std.objectFields(std.get($._config, 'objectives', {}))
    for alert in alerts(name, $._config.objectives[name])
  ],
}
