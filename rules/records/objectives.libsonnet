// What the objectives are made of. Bad and total events are recorded apart, so that a ratio over the period is made
// of counts: a mean of ratios would weigh a quiet night like a busy evening.
local burn = import '../burn.libsonnet';
local durations = import '../durations.libsonnet';
local fill = import '../fill.libsonnet';

// What counts as an event, by the policy's `sli.kind`: selectors of a counter of bad and of all events.
local events = {
  request_errors(config):
    local names = config.application { job: config.scrape.jobs.application.job };
    {
      bad: '%(requests)s{job="%(job)s", %(status_label)s=~"5.."}' % names,
      total: '%(requests)s{job="%(job)s"}' % names,
    },
};

{
  local config = $._config,

  local group(name, objective) =
    local tiers = burn.tiers(config, objective);
    local windows = burn.windows(tiers);
    local event = events[objective.sli.kind](config);
    local labels = { slo: name, service: config.service };
    local constant = labels { job: config.scrape.jobs.application.job };
    local budget = durations.decimal(1 - objective.target);
    local names = {
      bad: event.bad,
      total: event.total,
      selector: burn.selector(config, name),
      shortest: windows[0],
      period: objective.period,
    };
    {
      name: 'slo-%s' % name,
      // Evaluated in this order, so that each record sees those that it reads from the same moment.
      rules: [
        { record: 'slo:objective:ratio', expr: 'vector(%s)' % durations.figure(objective.target), labels: constant },
        { record: 'slo:error_budget:ratio', expr: 'vector(%s)' % budget, labels: constant },
      ] + std.flattenArrays([
        [
          // Without a single bad event there is no such series yet: then it is 0, not nothing.
          {
            record: 'slo:events_bad:increase%s' % window,
            expr: fill(|||
              sum by (job) (increase(%(bad)s[%(window)s]))
              or
              0 * sum by (job) (increase(%(total)s[%(window)s]))
            |||, names { window: window }),
            labels: labels,
          },
          {
            record: 'slo:events_total:increase%s' % window,
            expr: 'sum by (job) (increase(%(total)s[%(window)s]))' % (names { window: window }),
            labels: labels,
          },
          // Without traffic nothing is recorded, rather than NaN.
          {
            record: 'slo:sli_error:ratio_rate%s' % window,
            expr: fill(|||
              slo:events_bad:increase%(window)s{%(selector)s}
              /
              (slo:events_total:increase%(window)s{%(selector)s} > 0)
            |||, names { window: window }),
            labels: labels,
          },
        ]
        for window in windows
      ]) + [
        {
          record: 'slo:current_burn_rate:ratio',
          expr: fill(|||
            slo:sli_error:ratio_rate%(shortest)s{%(selector)s}
            /
            slo:error_budget:ratio{%(selector)s}
          |||, names),
          labels: labels,
        },
        {
          record: 'slo:period_error_budget_remaining:ratio',
          expr: fill(|||
            1
            -
            sum_over_time(slo:events_bad:increase%(shortest)s{%(selector)s}[%(period)s])
            /
            (sum_over_time(slo:events_total:increase%(shortest)s{%(selector)s}[%(period)s]) > 0)
            /
            slo:error_budget:ratio{%(selector)s}
          |||, names),
          labels: labels,
        },
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
