// The grader's database, seen from the grader's seat: the sidecar connects as the grader does.
{
  alertRules+:: {
    DatabaseConnectionFailed: {
      takes: {},
      job: 'exporter',
      expr: 'grader_database_up{job="%(job)s"} == 0',
      summary: "The grader's database cannot be reached.",
      where: 'database {{ $labels.database }} seen from {{ $labels.instance }}',
      what: 'no connection for %(for)s.',
      example: { 'grader_database_up{job="%(job)s",instance="one",database="grader"}': '1 0x{ticks}' },
    },

    DatabaseQuerySlow: {
      takes: { above: 'seconds', window: 'duration' },
      job: 'exporter',
      expr: 'avg_over_time(grader_database_query_duration_seconds{job="%(job)s"}[%(window)s]) > %(above)s',
      summary: 'The database answers slowly.',
      where: 'database {{ $labels.database }} seen from {{ $labels.instance }}',
      what: 'one light statement took {{ $value | humanizeDuration }} on average of the last %(window)s.',
      example: {
        'grader_database_query_duration_seconds{job="%(job)s",instance="one",database="grader"}': '0 %(over)sx{ticks}',
      },
    },

    ConnectionPoolExhausted: {
      takes: { above: 'ratio' },
      job: 'exporter',
      expr: |||
        grader_database_connections{job="%(job)s"}
        /
        (grader_database_connections_max{job="%(job)s"} > 0) > %(above)s
      |||,
      summary: 'The database has hardly any connections left.',
      where: 'database {{ $labels.database }} seen from {{ $labels.instance }}',
      what: '{{ $value | humanizePercentage }} of the allowed connections are open.',
      example: {
        'grader_database_connections{job="%(job)s",instance="one",database="grader"}': '0 100x{ticks}',
        'grader_database_connections_max{job="%(job)s",instance="one",database="grader"}': '100x{ticks}',
      },
    },

    LongRunningQueries: {
      takes: { above: 'seconds' },
      job: 'exporter',
      expr: 'grader_database_longest_query_seconds{job="%(job)s"} > %(above)s',
      summary: 'A statement has been running in the database for too long.',
      where: 'database {{ $labels.database }} seen from {{ $labels.instance }}',
      what: 'it has been running for {{ $value | humanizeDuration }}.',
      example: {
        'grader_database_longest_query_seconds{job="%(job)s",instance="one",database="grader"}': '0 %(over)sx{ticks}',
      },
    },

    ReplicationLagHigh: {
      takes: { above: 'seconds' },
      job: 'exporter',
      expr: 'grader_database_replication_lag_seconds{job="%(job)s"} > %(above)s',
      summary: 'A replica of the database is too far behind.',
      where: 'database {{ $labels.database }} seen from {{ $labels.instance }}',
      what: 'it is {{ $value | humanizeDuration }} behind.',
      example: {
        'grader_database_replication_lag_seconds{job="%(job)s",instance="one",database="grader"}': '0 %(over)sx{ticks}',
      },
    },

    // Queries that must find nothing: submissions without a student, grades out of range, and whatever was configured.
    DataCorrupted: {
      takes: {},
      job: 'exporter',
      expr: 'grader_check_failures{job="%(job)s"} > 0',
      summary: 'A check of the stored data finds what must not be there.',
      where: 'check {{ $labels.check }} on {{ $labels.instance }}',
      what: 'rows that break the rule: {{ $value | humanize }}.',
      example: { 'grader_check_failures{job="%(job)s",instance="one",check="orphans"}': '0 1x{ticks}' },
    },
  },
}
