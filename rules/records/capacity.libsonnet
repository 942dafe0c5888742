// What will be needed in months, by a straight line through the last weeks. A series younger than half of the window
// has no forecast: a line through two days says nothing of a year.
local durations = import '../durations.libsonnet';
local fill = import '../fill.libsonnet';

// `of` is what is looked ahead at, `was` what must have been there in the middle of the window.
local disk = 'node_filesystem_avail_bytes{job="%(node)s", fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660"}';
local forecasts = {
  'instance:filesystem_avail_forecast:bytes': { job: 'node', of: disk, was: disk + ' offset %(half)s' },
  'instance:memory_used_forecast:ratio': {
    job: 'node',
    of: '(1 - node_memory_MemAvailable_bytes{job="%(node)s"} / node_memory_MemTotal_bytes{job="%(node)s"})',
    was: 'node_memory_MemTotal_bytes{job="%(node)s"} offset %(half)s',
  },
  'instance:database_size_forecast:bytes': {
    job: 'exporter',
    of: 'grader_database_size_bytes{job="%(exporter)s"}',
    was: 'grader_database_size_bytes{job="%(exporter)s"} offset %(half)s',
  },
  'instance:database_connections_forecast:ratio': {
    job: 'exporter',
    of: '(grader_database_connections{job="%(exporter)s"} / grader_database_connections_max{job="%(exporter)s"})',
    was: 'grader_database_connections{job="%(exporter)s"} offset %(half)s',
  },
  'job:requests_forecast:rate': {
    job: 'application',
    of: '(sum by (job) (rate(%(requests)s{job="%(application)s"}[%(step)s])))',
    was: 'count by (job) (up{job="%(application)s"} offset %(half)s)',
  },
};

{
  local config = $._config,
  local capacity = std.get(config, 'capacity', null),

  local record(name, horizon) =
    {
      record: name,
      expr: fill(
        'predict_linear(%s[%%(window)s:%%(step)s], %%(seconds)s)\nand\n%s' % [forecasts[name].of, forecasts[name].was],
        config.application
        + { [purpose]: config.scrape.jobs[purpose].job for purpose in std.objectFields(config.scrape.jobs) }
        + {
          window: durations.canonical(capacity.window),
          half: durations.text(durations.seconds(capacity.window) / 2),
          step: durations.canonical(capacity.step),
          seconds: durations.figure(horizon),
        }
      ),
      labels: { service: config.service, horizon: durations.canonical(horizon) },
    },

  prometheusRules+:: {
    groups+: if capacity == null then [] else [{
      name: 'capacity',
      interval: '5m',
      rules: [
        record(name, horizon)
        for name in std.objectFields(forecasts)
        if std.objectHas(config.scrape.jobs, forecasts[name].job)
        for horizon in capacity.horizons
      ],
    }],
  },
}
