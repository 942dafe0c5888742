// Could what is lost be restored?
local backup = { job: 'exporter', where: 'backup {{ $labels.backup }} on {{ $labels.instance }}' };
local one(metric) = metric + '{job="%(job)s",instance="one",backup="database"}';

{
  alertRules+:: {
    BackupFailed: backup {
      takes: {},
      expr: 'grader_backup_last_success{job="%(job)s"} == 0',
      summary: 'The last backup failed.',
      what: 'there has been no good one since, for %(for)s.',
      example: { [one('grader_backup_last_success')]: '1 0x{ticks}' },
    },

    BackupOverdue: backup {
      takes: { above: 'seconds' },
      expr: 'time() - grader_backup_last_success_timestamp_seconds{job="%(job)s"} > %(above)s',
      summary: 'The newest good backup is too old.',
      what: 'it is {{ $value | humanizeDuration }} old.',
      example: { [one('grader_backup_last_success_timestamp_seconds')]: '0 -10000000x{ticks}' },
    },

    // A set without any good backup has no series that could be old: the collector works and finds nothing.
    BackupMissing: backup {
      takes: {},
      expr: |||
        grader_exporter_collector_success{job="%(job)s", collector="backup"} == 1
        unless on (job, instance)
          grader_backup_last_success_timestamp_seconds{job="%(job)s"}
      |||,
      summary: 'There is not one good backup.',
      where: '{{ $labels.job }} on {{ $labels.instance }}',
      what: 'for %(for)s no configured set has had one.',
      example: { 'grader_exporter_collector_success{job="%(job)s",instance="one",collector="backup"}': '0 1x{ticks}' },
    },

    BackupShrunk: backup {
      takes: { below: 'ratio', window: 'duration' },
      expr: |||
        grader_backup_size_bytes{job="%(job)s"}
        /
        (avg_over_time(grader_backup_size_bytes{job="%(job)s"}[%(window)s]) > 0) < %(below)s
      |||,
      summary: 'A backup is much smaller than those before it.',
      what: 'it has {{ $value | humanizePercentage }} of the mean size of the last %(window)s.',
      // Many good sizes before: the mean must outlast the clock of the test.
      example: { [one('grader_backup_size_bytes')]: '1000000000 0x{ticks}' },
    },
  },
}
