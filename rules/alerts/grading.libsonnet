// Does grading make progress, and is it sound? Each instance is a grader of its own.
local grader = { job: 'exporter', where: '{{ $labels.job }} on {{ $labels.instance }}' };
local one(metric, labels) = metric + '{job="%(job)s",instance="one",' + labels + '}';

{
  alertRules+:: {
    // Submissions were there in all of the window. `grading` is the grader's own queue: jobs of other queues may
    // wait all night without any grading.
    GradingStopped: grader {
      takes: { window: 'duration' },
      expr: |||
        sum by (job, instance) (
          min_over_time(grader_queue_depth{job="%(job)s", queue="grading", state="waiting"}[%(window)s])
        ) > 0
        and
          sum by (job, instance) (increase(grader_gradings_total{job="%(job)s"}[%(window)s])) == 0
      |||,
      summary: 'Grading has stopped while submissions wait.',
      what: '{{ $value | humanize }} or more submissions wait and none was graded in the last %(window)s.',
      example: {
        [one('grader_queue_depth', 'queue="grading",state="waiting"')]: '1x{ticks}',
        [one('grader_gradings_total', 'outcome="accepted"')]: '7x{ticks}',
      },
    },

    GradingFailures: grader {
      takes: { above: 'ratio', window: 'duration', minimum: 'count' },
      expr: |||
        (
          sum by (job, instance) (
            rate(grader_gradings_total{job="%(job)s", outcome="internal_error"}[%(window)s])
          )
        /
          sum by (job, instance) (rate(grader_gradings_total{job="%(job)s"}[%(window)s]))
        ) > %(above)s
        and
          sum by (job, instance) (increase(grader_gradings_total{job="%(job)s"}[%(window)s])) >= %(minimum)s
      |||,
      summary: 'Too many gradings fail for reasons of the machine.',
      what: '{{ $value | humanizePercentage }} of the gradings of the last %(window)s ended in an internal error.',
      example: { [one('grader_gradings_total', 'outcome="internal_error"')]: '0+%(many)sx{ticks}' },
    },

    WorkersMissing: grader {
      takes: { below: 'count' },
      expr: 'sum by (job, instance) (grader_workers{job="%(job)s", state=~"online|busy"}) < %(below)s',
      summary: 'Too few grading workers are at work.',
      what: 'workers online or busy: {{ $value | humanize }}.',
      example: { [one('grader_workers', 'state="online"')]: '100 0x{ticks}' },
    },

    WorkersStale: grader {
      takes: {},
      expr: 'grader_workers{job="%(job)s", state=~"stale|unhealthy"} > 0',
      summary: 'A grading worker hangs or is not well.',
      what: '{{ $labels.state }} workers: {{ $value | humanize }}.',
      example: { [one('grader_workers', 'state="stale"')]: '0 1x{ticks}' },
    },

    // The youngest heartbeat: when even that is old, no worker is alive.
    WorkerHeartbeatsStopped: grader {
      takes: { above: 'seconds' },
      expr: 'grader_worker_heartbeat_age_seconds{job="%(job)s", stat="min"} > %(above)s',
      summary: 'No grading worker gives a sign of life.',
      what: 'the youngest heartbeat is {{ $value | humanizeDuration }} old.',
      example: { [one('grader_worker_heartbeat_age_seconds', 'stat="min"')]: '0 %(over)sx{ticks}' },
    },

    GradingInternalErrors: grader {
      takes: {},
      expr: 'grader_internal_errors_open{job="%(job)s"} > 0',
      summary: 'The grader has open internal errors.',
      what: 'errors that block problems, languages or hosts: {{ $value | humanize }}.',
      example: { 'grader_internal_errors_open{job="%(job)s",instance="one"}': '0 1x{ticks}' },
    },

    // Where a person graded too: how often the machine was far off.
    GradesDisagree: grader {
      takes: { above: 'ratio', window: 'duration', minimum: 'count' },
      expr: |||
        (
          sum by (job, instance) (
            increase(grader_grade_comparisons_total{job="%(job)s", result="different"}[%(window)s])
          )
        /
          sum by (job, instance) (increase(grader_grade_comparisons_total{job="%(job)s"}[%(window)s]))
        ) > %(above)s
        and
          sum by (job, instance) (increase(grader_grade_comparisons_total{job="%(job)s"}[%(window)s])) >= %(minimum)s
      |||,
      summary: 'People grade otherwise than the machine too often.',
      what: '{{ $value | humanizePercentage }} of the scores of the last %(window)s that a person also gave are far off.',
      example: { [one('grader_grade_comparisons_total', 'result="different"')]: '0+%(many)sx{ticks}' },
    },
  },
}
