// Does the monitoring itself work?
{
  local alerts = $._config.alerts,
  local exporter = $._config.scrape.jobs.exporter,

  alertRules+:: {
    SidecarDown: {
      takes: {},
      job: 'exporter',
      expr: 'up{job="%(job)s"} == 0' % exporter,
      summary: 'The monitoring sidecar does not answer.',
      where: '{{ $labels.job }} on {{ $labels.instance }}',
      what: 'Prometheus could not reach it for %(for)s, so nobody watches this grader.' % alerts.SidecarDown,
      example: { ['up{job="%(job)s",instance="one"}' % exporter]: '1 0x{ticks}' },
    },

    SidecarAbsent: {
      takes: {},
      job: 'exporter',
      expr: 'absent(up{job="%(job)s"})' % exporter,
      summary: 'Prometheus has no target for the monitoring sidecar.',
      where: '{{ $labels.job }}',
      what: 'no such target for %(for)s, so nobody watches the grader.' % alerts.SidecarAbsent,
      example: { ['up{job="%(job)s",instance="one"}' % exporter]: '1 stale' },
    },

    CollectorFailing: {
      takes: {},
      job: 'exporter',
      expr: 'grader_exporter_collector_success{job="%(job)s"} == 0' % exporter,
      summary: 'A collector of the monitoring sidecar fails.',
      where: 'collector {{ $labels.collector }} on {{ $labels.instance }}',
      what: 'no result for %(for)s; its metrics are missing or old, the others are good.' % alerts.CollectorFailing,
      example: {
        ['grader_exporter_collector_success{job="%(job)s",instance="one",collector="submissions"}' % exporter]:
          '1 0x{ticks}',
      },
    },

    LabelValuesDropped: {
      takes: {},
      job: 'exporter',
      expr: 'grader_exporter_label_values_dropped{job="%(job)s"} > 0' % exporter,
      summary: 'A label has more values than its bound.',
      where: '{{ $labels.family }} on {{ $labels.instance }}',
      what: 'the bound was passed by {{ $value | humanize }}; what is beyond it counts as "other".',
      example: {
        ['grader_exporter_label_values_dropped{job="%(job)s",instance="one",family="grader_submissions_total"}'
         % exporter]: '0 1x{ticks}',
      },
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
