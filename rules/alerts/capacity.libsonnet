// What will run out within the horizon that the policy plans for? The forecasts are records (records/capacity.libsonnet).
{
  alertRules+:: {
    DiskRunsOut: {
      takes: { horizon: 'horizon' },
      job: 'node',
      expr: 'instance:filesystem_avail_forecast:bytes{job="%(job)s", service="%(service)s", horizon="%(horizon)s"} < 0',
      summary: 'A disk will be full within the planning horizon.',
      where: '{{ $labels.mountpoint }} on {{ $labels.instance }}',
      what: 'as it grew lately, it is full within %(horizon)s.',
      example: {
        'instance:filesystem_avail_forecast:bytes{job="%(job)s",instance="one",mountpoint="/",service="%(service)s",horizon="%(horizon)s"}':
          '0 -1x{ticks}',
      },
    },

    ConnectionsRunOut: {
      takes: { horizon: 'horizon' },
      job: 'exporter',
      expr: 'instance:database_connections_forecast:ratio{job="%(job)s", service="%(service)s", horizon="%(horizon)s"} > 1',
      summary: 'The database will lack connections within the planning horizon.',
      where: 'database {{ $labels.database }} seen from {{ $labels.instance }}',
      what: 'as it grew lately, {{ $value | humanizePercentage }} of the allowed connections are needed in %(horizon)s.',
      example: {
        'instance:database_connections_forecast:ratio{job="%(job)s",instance="one",database="grader",service="%(service)s",horizon="%(horizon)s"}':
          '0 2x{ticks}',
      },
    },

    MemoryRunsOut: {
      takes: { horizon: 'horizon' },
      job: 'node',
      expr: 'instance:memory_used_forecast:ratio{job="%(job)s", service="%(service)s", horizon="%(horizon)s"} > 1',
      summary: 'A host will lack memory within the planning horizon.',
      where: 'host {{ $labels.instance }}',
      what: 'as it grew lately, {{ $value | humanizePercentage }} of its memory are needed in %(horizon)s.',
      example: {
        'instance:memory_used_forecast:ratio{job="%(job)s",instance="one",service="%(service)s",horizon="%(horizon)s"}':
          '0 2x{ticks}',
      },
    },
  },
}
