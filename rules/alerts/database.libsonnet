// Does the grader's database answer? Seen from the grader's seat: the sidecar connects as the grader does.
{
  local exporter = $._config.scrape.jobs.exporter,

  alertRules+:: {
    DatabaseConnectionFailed: {
      takes: {},
      job: 'exporter',
      expr: 'grader_database_up{job="%(job)s"} == 0' % exporter,
      summary: "The grader's database cannot be reached.",
      where: 'database {{ $labels.database }} seen from {{ $labels.instance }}',
      what: 'no connection for %(for)s.' % $._config.alerts.DatabaseConnectionFailed,
      example: {
        ['grader_database_up{job="%(job)s",instance="one",database="grader"}' % exporter]: '1 0x{ticks}',
      },
    },
  },
}
