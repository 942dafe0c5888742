// Does the application answer in time?
local durations = import '../durations.libsonnet';
local fill = import '../fill.libsonnet';

{
  local figures = $._config.alerts.SlowResponseTime,
  local names = $._config.application {
    job: $._config.scrape.jobs.application.job,
    window: figures.window,
    quantile: durations.figure(figures.quantile),
    percentile: durations.decimal(figures.quantile * 100),
    above: durations.figure(figures.above),
    minimum: durations.figure(figures.minimum),
  },

  alertRules+:: {
    SlowResponseTime: {
      takes: { above: 'seconds', quantile: 'ratio', window: 'duration', minimum: 'count' },
      job: 'application',
      expr: fill(|||
        histogram_quantile(
          %(quantile)s, sum by (job, le) (rate(%(duration)s_bucket{job="%(job)s"}[%(window)s]))
        ) > %(above)s
        and
          sum by (job) (increase(%(duration)s_count{job="%(job)s"}[%(window)s])) >= %(minimum)s
      |||, names),
      summary: 'The service answers slowly.',
      where: '{{ $labels.job }}',
      what: 'the %(percentile)sth percentile of the response time of the last %(window)s is {{ $value | humanizeDuration }}.'
            % names,
      example:
        local series = '%(duration)s_%%s{job="%(job)s",instance="one"%%s}' % names;
        local many = '0+%dx{ticks}' % std.ceil(2 * figures.minimum);
        {
          [series % ['bucket', ',le="%s"' % durations.figure(2 * durations.seconds(figures.above))]]: '0x{ticks}',
          [series % ['bucket', ',le="+Inf"']]: many,
          [series % ['count', '']]: many,
        },
    },
  },
}
