// Does the service keep up with what is asked of it? Little traffic alone is no fault: at night there is none.
{
  alertRules+:: {
    // Demand is what waits in front: connections with a request under way. Many of them and few answers means that the
    // service does not keep up; few answers alone means that few people ask.
    ThroughputBelowDemand: {
      takes: { below: 'count', window: 'duration', minimum: 'count' },
      job: 'application',
      expr: |||
        sum by (job) (rate(%(requests)s{job="%(job)s"}[%(window)s])) < %(below)s
        and on ()
          sum (
            avg_over_time(nginx_connections_active{job="%(nginx)s"}[%(window)s])
          -
            avg_over_time(nginx_connections_waiting{job="%(nginx)s"}[%(window)s])
          ) >= %(minimum)s
      |||,
      summary: 'The service does not keep up with the demand.',
      where: '{{ $labels.job }}',
      what: 'it answers {{ $value | humanize }} requests a second while %(minimum)s or more are under way.',
      example: {
        '%(requests)s{job="%(job)s",instance="one",%(status_label)s="200"}': '0+1x{ticks}',
        'nginx_connections_active{job="%(nginx)s",instance="one"}': '%(many)sx{ticks}',
        'nginx_connections_waiting{job="%(nginx)s",instance="one"}': '0x{ticks}',
      },
    },

    // Nothing now, although at the same hour of an earlier day people were there: a broken name, proxy or firewall.
    TrafficStopped: {
      takes: { window: 'duration', offset: 'duration', minimum: 'count' },
      job: 'application',
      expr: |||
        sum by (job) (increase(%(requests)s{job="%(job)s"}[%(window)s])) == 0
        and on (job)
          job:requests_earlier:increase{job="%(job)s", service="%(service)s"} >= %(minimum)s
      |||,
      summary: 'Nobody reaches the service any more.',
      where: '{{ $labels.job }}',
      what: 'no request in %(window)s; %(offset)s ago there were at least %(minimum)s in the same time.',
      example: {
        '%(requests)s{job="%(job)s",instance="one",%(status_label)s="200"}': '7x{ticks}',
        'job:requests_earlier:increase{job="%(job)s",service="%(service)s"}': '%(many)sx{ticks}',
      },
    },
  },
}
