// Does somebody attack, or carry data away? Rates are of all instances together: an attack is spread over them.
{
  alertRules+:: {
    BruteForceAttack: {
      takes: { above: 'rate', window: 'duration' },
      job: 'exporter',
      expr: 'sum by (job) (rate(grader_security_failed_logins_total{job="%(job)s"}[%(window)s])) > %(above)s',
      summary: 'Somebody is trying passwords.',
      where: '{{ $labels.job }}',
      what: '{{ $value | humanize }} logins a second failed in the last %(window)s.',
      example: { 'grader_security_failed_logins_total{job="%(job)s",instance="one"}': '0+1000000x{ticks}' },
    },

    UnusualAPIAccess: {
      takes: { above: 'rate', window: 'duration' },
      job: 'application',
      expr: 'sum by (job) (rate(%(requests)s{job="%(job)s"}[%(window)s])) > %(above)s',
      summary: 'The service is asked far more than ever.',
      where: '{{ $labels.job }}',
      what: '{{ $value | humanize }} requests a second over the last %(window)s.',
      example: { '%(requests)s{job="%(job)s",instance="one",%(status_label)s="200"}': '0+10000000x{ticks}' },
    },

    DataExportAnomaly: {
      takes: { above: 'rate', window: 'duration' },
      job: 'exporter',
      expr: 'sum by (job) (rate(grader_security_exported_bytes_total{job="%(job)s"}[%(window)s])) > %(above)s',
      summary: 'Far more data leaves the service than usual.',
      where: '{{ $labels.job }}',
      what: '{{ $value | humanize }}B a second were exported over the last %(window)s.',
      example: { 'grader_security_exported_bytes_total{job="%(job)s",instance="one"}': '0+1000000000000x{ticks}' },
    },
  },
}
