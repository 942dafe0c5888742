// Is the service there at all? And is it so broken that the release must go?
{
  alertRules+:: {
    ServiceDown: {
      takes: {},
      job: 'application',
      expr: 'up{job="%(job)s"} == 0',
      summary: 'The service does not answer.',
      where: '{{ $labels.job }} on {{ $labels.instance }}',
      what: 'Prometheus could not reach it for %(for)s.',
      example: { 'up{job="%(job)s",instance="one"}': '1 0x{ticks}' },
    },

    // Its own alert: a target that nobody scrapes has no `up` that could be 0.
    ServiceAbsent: {
      takes: {},
      job: 'application',
      expr: 'absent(up{job="%(job)s"})',
      summary: 'Prometheus has no target for the service.',
      where: '{{ $labels.job }}',
      what: 'no such target for %(for)s, so nobody would notice that the service is down.',
      example: { 'up{job="%(job)s",instance="one"}': '1 stale' },
    },

    // The document's own measure: the share of scrapes that were answered, over the period.
    UptimeLow: {
      takes: { below: 'ratio', window: 'duration' },
      job: 'application',
      expr: 'avg by (job) (avg_over_time(up{job="%(job)s"}[%(window)s])) < %(below)s',
      summary: 'The service was away for longer than promised.',
      where: '{{ $labels.job }}',
      what: 'it answered {{ $value | humanizePercentage }} of the scrapes of the last %(window)s.',
      // Below any limit, and not 0: ServiceDown would silence it.
      example: { 'up{job="%(job)s",instance="one"}': '1 -1x{ticks}' },
    },

    // One alert a probe: database, cache, storage, video, the ML service, a page, whatever was configured.
    ProbeFailing: {
      takes: {},
      job: 'exporter',
      expr: 'grader_probe_up{job="%(job)s"} == 0',
      summary: 'A part of the service does not give the answer that is expected.',
      where: 'probe {{ $labels.probe }} from {{ $labels.instance }}',
      what: 'no good answer for %(for)s.',
      example: { 'grader_probe_up{job="%(job)s",instance="one",probe="storage"}': '1 0x{ticks}' },
    },

    ProxyDown: {
      takes: {},
      job: 'nginx',
      expr: 'nginx_up{job="%(job)s"} == 0',
      summary: 'The proxy in front of the service does not answer.',
      where: '{{ $labels.job }} on {{ $labels.instance }}',
      what: 'nginx gave no status for %(for)s; users reach nothing behind it.',
      example: { 'nginx_up{job="%(job)s",instance="one"}': '1 0x{ticks}' },
    },

    // The roll-back triggers of the launch plan in one alert; `trigger` says which. Each arm has a label of its own,
    // so that two triggers at once are two alerts of one incident.
    RollbackRequired: {
      takes: {
        'limits.errors': 'ratio',
        'limits.latency': 'seconds',
        quantile: 'ratio',
        window: 'duration',
        minimum: 'count',
      },
      limits_by: 'trigger',
      job: 'application',
      expr: |||
        label_replace(sum by (job) (up{job="%(job)s"}) == 0, "trigger", "unavailable", "", "")
        or
        label_replace(
          (
            sum by (job) (rate(%(requests)s{job="%(job)s", %(status_label)s=~"5.."}[%(window)s]))
          /
            sum by (job) (rate(%(requests)s{job="%(job)s"}[%(window)s]))
          ) > %(limits.errors)s
          and
            sum by (job) (increase(%(requests)s{job="%(job)s"}[%(window)s])) >= %(minimum)s,
          "trigger", "errors", "", ""
        )
        or
        label_replace(
          histogram_quantile(
            %(quantile)s, sum by (job, le) (rate(%(duration)s_bucket{job="%(job)s"}[%(window)s]))
          ) > %(limits.latency)s
          and
            sum by (job) (increase(%(duration)s_count{job="%(job)s"}[%(window)s])) >= %(minimum)s,
          "trigger", "latency", "", ""
        )
        or
        label_replace(
          sum by (job) (grader_check_failures{job="%(exporter)s"}) > 0, "trigger", "corruption", "", ""
        )
        or
        label_replace(
          sum by (job) (grader_compliance_vulnerabilities{job="%(exporter)s", urgency="critical"}) > 0,
          "trigger", "vulnerability", "", ""
        )
      |||,
      summary: 'Roll back: the release is not fit to stay.',
      where: '{{ $labels.job }}, trigger {{ $labels.trigger }}',
      what: 'the condition has held for %(for)s. If a release went out today, take it back now and look for the reason afterwards.',
      example: { 'up{job="%(job)s",instance="one"}': '1 0x{ticks}' },
    },
  },
}
