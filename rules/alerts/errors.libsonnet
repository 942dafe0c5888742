// Does the application answer with errors?
local durations = import '../durations.libsonnet';
local fill = import '../fill.libsonnet';

{
  local figures = $._config.alerts.HighErrorRate,
  local names = $._config.application {
    job: $._config.scrape.jobs.application.job,
    window: figures.window,
    above: durations.figure(figures.above),
    minimum: durations.figure(figures.minimum),
  },

  alertRules+:: {
    // The ratio is over all instances: one that fails while others answer shows as its share of the traffic.
    HighErrorRate: {
      takes: { above: 'ratio', window: 'duration', minimum: 'count' },
      job: 'application',
      expr: fill(|||
        (
          sum by (job) (rate(%(requests)s{job="%(job)s", %(status_label)s=~"5.."}[%(window)s]))
        /
          sum by (job) (rate(%(requests)s{job="%(job)s"}[%(window)s]))
        ) > %(above)s
        and
          sum by (job) (increase(%(requests)s{job="%(job)s"}[%(window)s])) >= %(minimum)s
      |||, names),
      summary: 'Too many requests end in a server error.',
      where: '{{ $labels.job }}',
      what: '{{ $value | humanizePercentage }} of the requests of the last %(window)s were answered with 5xx.' % names,
      example: {
        ['%(requests)s{job="%(job)s",instance="one",%(status_label)s="500"}' % names]:
          '0+%dx{ticks}' % std.ceil(2 * figures.minimum),
      },
    },
  },
}
