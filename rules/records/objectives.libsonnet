// What the objectives are made of. Bad and total events are recorded apart, so that a ratio over the period is made
// of counts: a mean of ratios would weigh a quiet night like a busy evening.
local burn = import '../burn.libsonnet';
local durations = import '../durations.libsonnet';
local events = import '../events.libsonnet';
local fill = import '../fill.libsonnet';

{
  local config = $._config,

  // The window of the alert on few events must be there too.
  local low_volume = std.get(config.alerts, 'ErrorsAtLowVolume', { enabled: false }),
  local further(objective) =
    if std.get(low_volume, 'enabled', true) && burn.counts_events(objective) then [low_volume.window] else [],

  local group(name, objective) =
    local tiers = burn.tiers(config, objective);
    local windows = burn.windows(tiers, further(objective));
    local job = burn.job(config, objective);
    local event = events[objective.sli.kind](objective.sli, job, config.application);
    local labels = { slo: name, service: config.service };
    local constant = labels { job: job };
    local names = {
      selector: burn.selector(config, name),
      shortest: windows[0],
      // Long enough not to jump with each failure, short enough to tell of the present hour.
      pace: tiers[0].long,
      period: objective.period,
      seconds: durations.figure(objective.period),
    };
    local record(metric, expr, more={}) = { record: 'slo:' + metric, expr: fill(expr, names + more), labels: labels };
    {
      name: 'slo-%s' % name,
      // Evaluated in this order, so that each record sees those that it reads from the same moment.
      rules: [
        { record: 'slo:objective:ratio', expr: 'vector(%s)' % durations.figure(objective.target), labels: constant },
        {
          record: 'slo:error_budget:ratio',
          expr: 'vector(%s)' % durations.decimal(1 - objective.target),
          labels: constant,
        },
      ] + (
        if !std.objectHas(event, 'samples') then []
        else [record('samples_bad:count', event.samples.bad), record('samples:count', event.samples.all)]
      ) + std.flattenArrays([
        [
          record('events_bad:increase' + window, event.bad, { window: window }),
          record('events_total:increase' + window, event.total, { window: window }),
          // Without traffic nothing is recorded, rather than NaN.
          record('sli_error:ratio_rate' + window, |||
            slo:events_bad:increase%(window)s{%(selector)s}
            /
            (slo:events_total:increase%(window)s{%(selector)s} > 0)
          |||, { window: window }),
        ]
        for window in windows
      ]) + [
        record('current_burn_rate:ratio', |||
          slo:sli_error:ratio_rate%(shortest)s{%(selector)s}
          /
          slo:error_budget:ratio{%(selector)s}
        |||),
        record('period_error_budget_remaining:ratio', |||
          1
          -
          sum_over_time(slo:events_bad:increase%(shortest)s{%(selector)s}[%(period)s])
          /
          (sum_over_time(slo:events_total:increase%(shortest)s{%(selector)s}[%(period)s]) > 0)
          /
          slo:error_budget:ratio{%(selector)s}
        |||),
        // When the budget is gone if it goes on as in the last hour; nothing while nothing burns.
        record('error_budget_exhaustion:seconds', |||
          %(seconds)s
          *
          clamp_min(slo:period_error_budget_remaining:ratio{%(selector)s}, 0)
          *
          slo:error_budget:ratio{%(selector)s}
          /
          (slo:sli_error:ratio_rate%(pace)s{%(selector)s} > 0)
        |||),
      ],
    },

  prometheusRules+:: {
    groups+: [
      group(name, config.objectives[name])
      for name in std.objectFields(std.get(config, 'objectives', {}))
      if burn.tiers(config, config.objectives[name]) != []
    ],
  },
}
