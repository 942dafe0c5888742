// How well the service is, in one figure from 0 to 100 and in its parts from 0 to 1. A part is 1 up to `good`, 0 from
// `bad` on and in between in proportion; a part without data is left out of the mean, it does not count as ill.
local durations = import '../durations.libsonnet';
local fill = import '../fill.libsonnet';

local worse = {
  latency: 'max(histogram_quantile(0.95, sum by (job, le) (rate(%(duration)s_bucket{job="%(application)s"}[%(window)s]))))',
  errors: |||
    (
      sum(rate(%(requests)s{job="%(application)s", %(status_label)s=~"5.."}[%(window)s]))
    or
      0 * sum(rate(%(requests)s{job="%(application)s"}[%(window)s]))
    )
    /
      (sum(rate(%(requests)s{job="%(application)s"}[%(window)s])) > 0)
  |||,
  grading: 'max(grader_queue_oldest_age_seconds{job="%(exporter)s", queue="grading", state="waiting"})',
  cpu: 'max(1 - avg by (instance) (rate(node_cpu_seconds_total{job="%(node)s", mode="idle"}[%(window)s])))',
  memory: 'max(1 - node_memory_MemAvailable_bytes{job="%(node)s"} / node_memory_MemTotal_bytes{job="%(node)s"})',
  disk: |||
    max(
      1
      -
      node_filesystem_avail_bytes{job="%(node)s", fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660"}
      /
      node_filesystem_size_bytes{job="%(node)s", fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660"}
    )
  |||,
};
local whole = {
  availability: 'avg(up{job="%(application)s"})',
  database: 'avg(grader_database_up{job="%(exporter)s"})',
};

{
  local config = $._config,
  local health = std.get(config, 'health', null),
  local labels = { job: config.scrape.jobs.application.job, service: config.service },

  local part(name) =
    local given = health.parts[name];
    local names = config.application
                  + { [p]: config.scrape.jobs[p].job for p in std.objectFields(config.scrape.jobs) }
                  + { window: durations.canonical(health.window) };
    local expr = if std.objectHas(whole, name) then whole[name] else
      local good = durations.seconds(given.good), bad = durations.seconds(given.bad);
      'clamp_max(clamp_min((%s - (%s)) / %s, 0), 1)' % [
        durations.decimal(bad),
        std.rstripChars(worse[name], '\n'),
        durations.decimal(bad - good),
      ];
    { record: 'service:health_part:ratio', expr: fill(expr, names), labels: labels { part: name } },

  prometheusRules+:: {
    groups+: if health == null then [] else [{
      local parts = std.objectFields(health.parts),
      local selector = 'job="%s", service="%s"' % [labels.job, labels.service],
      name: 'health',
      rules: [part(name) for name in parts] + [
        {
          record: 'service:health_weight:ratio',
          expr: 'vector(%s)' % durations.decimal(health.parts[name].weight),
          labels: labels { part: name },
        }
        for name in parts
      ] + [{
        record: 'service:health_score:points',
        expr: |||
          100
          *
          sum by (job, service) (service:health_part:ratio{%(s)s} * service:health_weight:ratio{%(s)s})
          /
          sum by (job, service) (service:health_weight:ratio{%(s)s} and service:health_part:ratio{%(s)s})
        ||| % { s: selector },
        labels: labels,
      }],
    }],
  },
}
