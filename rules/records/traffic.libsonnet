// How much was asked at the same hour of an earlier day: what TrafficStopped compares with.
local durations = import '../durations.libsonnet';
local fill = import '../fill.libsonnet';

{
  local alert = std.get($._config.alerts, 'TrafficStopped', { enabled: false }),

  prometheusRules+:: {
    groups+: if !std.get(alert, 'enabled', true) then [] else [{
      name: 'traffic',
      rules: [{
        record: 'job:requests_earlier:increase',
        expr: fill(
          'sum by (job) (increase(%(requests)s{job="%(job)s"}[%(window)s] offset %(offset)s))',
          $._config.application {
            job: $._config.scrape.jobs.application.job,
            window: durations.canonical(alert.window),
            offset: durations.canonical(alert.offset),
          }
        ),
        labels: { service: $._config.service },
      }],
    }],
  },
}
