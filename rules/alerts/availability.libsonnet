// Is the service there at all?
{
  local application = $._config.scrape.jobs.application,

  alertRules+:: {
    ServiceDown: {
      takes: {},
      job: 'application',
      expr: 'up{job="%(job)s"} == 0' % application,
      summary: 'The service does not answer.',
      where: '{{ $labels.job }} on {{ $labels.instance }}',
      what: 'Prometheus could not reach it for %(for)s.' % $._config.alerts.ServiceDown,
      example: { ['up{job="%(job)s",instance="one"}' % application]: '1 0x{ticks}' },
    },

    // Its own alert: a target that nobody scrapes has no `up` that could be 0.
    ServiceAbsent: {
      takes: {},
      job: 'application',
      expr: 'absent(up{job="%(job)s"})' % application,
      summary: 'Prometheus has no target for the service.',
      where: '{{ $labels.job }}',
      what: 'no such target for %(for)s, so nobody would notice that the service is down.'
            % $._config.alerts.ServiceAbsent,
      example: { ['up{job="%(job)s",instance="one"}' % application]: '1 stale' },
    },
  },
}
