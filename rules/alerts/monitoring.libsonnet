// Does the sidecar work, and do the exporters beside it?
local sidecar = { job: 'exporter', where: '{{ $labels.job }} on {{ $labels.instance }}' };

{
  // What is scraped beside the service and the sidecar, which have alerts of their own.
  local jobs = $._config.scrape.jobs,
  local neighbours = std.sort([
    jobs[purpose].job
    for purpose in std.objectFields(jobs)
    if purpose != 'application' && purpose != 'exporter'
  ]),

  alertRules+:: {
    SidecarDown: sidecar {
      takes: {},
      expr: 'up{job="%(job)s"} == 0',
      summary: 'The monitoring sidecar does not answer.',
      what: 'Prometheus could not reach it for %(for)s, so nobody watches this grader.',
      example: { 'up{job="%(job)s",instance="one"}': '1 0x{ticks}' },
    },

    SidecarAbsent: sidecar {
      takes: {},
      expr: 'absent(up{job="%(job)s"})',
      summary: 'Prometheus has no target for the monitoring sidecar.',
      where: '{{ $labels.job }}',
      what: 'no such target for %(for)s, so nobody watches the grader.',
      example: { 'up{job="%(job)s",instance="one"}': '1 stale' },
    },

    CollectorFailing: sidecar {
      takes: {},
      expr: 'grader_exporter_collector_success{job="%(job)s"} == 0',
      summary: 'A collector of the monitoring sidecar fails.',
      where: 'collector {{ $labels.collector }} on {{ $labels.instance }}',
      what: 'no result for %(for)s; its metrics are missing or old, the others are good.',
      example: { 'grader_exporter_collector_success{job="%(job)s",instance="one",collector="submissions"}': '1 0x{ticks}' },
    },

    LabelValuesDropped: sidecar {
      takes: {},
      expr: 'grader_exporter_label_values_dropped{job="%(job)s"} > 0',
      summary: 'A label has more values than its bound.',
      where: '{{ $labels.family }} on {{ $labels.instance }}',
      what: 'the bound was passed by {{ $value | humanize }}; what is beyond it counts as "other".',
      example: {
        'grader_exporter_label_values_dropped{job="%(job)s",instance="one",family="grader_submissions_total"}': '0 1x{ticks}',
      },
    },

    SidecarConfigRefused: sidecar {
      takes: {},
      expr: 'grader_exporter_config_last_reload_successful{job="%(job)s"} == 0',
      summary: 'The monitoring sidecar has refused its new configuration.',
      what: 'it has worked with the old one for %(for)s.',
      example: { 'grader_exporter_config_last_reload_successful{job="%(job)s",instance="one"}': '1 0x{ticks}' },
    },

    SidecarCountingRestarted: sidecar {
      takes: { window: 'duration' },
      expr: 'increase(grader_exporter_state_rebuilds_total{job="%(job)s"}[%(window)s]) > 0',
      summary: 'The monitoring sidecar has begun to count anew.',
      what: 'within the last %(window)s it had no usable state or met an older table: what came meanwhile was not counted.',
      example: { 'grader_exporter_state_rebuilds_total{job="%(job)s",instance="one"}': '0+1x{ticks}' },
    },

    PendingRowsDropped: sidecar {
      takes: { window: 'duration' },
      expr: 'increase(grader_pending_dropped_total{job="%(job)s"}[%(window)s]) > 0',
      summary: 'Unfinished submissions are no longer followed.',
      where: 'block {{ $labels.query }} on {{ $labels.instance }}',
      what: 'rows given up within the last %(window)s: {{ $value | humanize }}; their results will not be counted.',
      example: { 'grader_pending_dropped_total{job="%(job)s",instance="one",query="submissions"}': '0+1x{ticks}' },
    },

    ExporterDown: {
      takes: {},
      job: 'prometheus',
      expr: 'up{job=~"%s"} == 0' % std.join('|', neighbours),
      summary: 'An exporter or a part of the monitoring does not answer.',
      where: '{{ $labels.job }} on {{ $labels.instance }}',
      what: 'Prometheus could not reach it for %(for)s; alerts on its metrics are blind.',
      example: { 'up{job="%(job)s",instance="one"}': '1 0x{ticks}' },
    },

    ExporterAbsent: {
      takes: {},
      job: 'prometheus',
      expr: std.join('\nor\n', ['absent(up{job="%s"})' % job for job in neighbours]),
      summary: 'Prometheus has no target for an exporter that the policy names.',
      where: '{{ $labels.job }}',
      what: 'no such target for %(for)s; name its targets or take the job out of the policy.',
      example: { 'up{job="%(job)s",instance="one"}': '1 stale' },
    },
  },

  // Always fires; whoever receives it must miss it when alerts no longer arrive. It has no place in the matrix,
  // hence no priority, no clock and no figure in the policy.
  watchdog:: {
    alert: 'Watchdog',
    expr: 'vector(1)',
    labels: {
      priority: 'none',
      severity: 'none',
      service: $._config.service,
      team: $._config.team,
      category: 'monitoring',
      alert_type: 'heartbeat',
      escalation: '0',
    },
    annotations: {
      summary: 'This alert always fires.',
      description: 'Its absence at the receiver says that alerts no longer arrive.',
      runbook_url: '%s/Watchdog' % $._config.links.runbooks,
      dashboard_url: '%s/d/gradewatch-overview' % $._config.links.dashboards,
    },
  },
}
