// Does grading make progress, and is it sound? Each instance is a grader of its own.
local durations = import '../durations.libsonnet';
local fill = import '../fill.libsonnet';

{
  local job = $._config.scrape.jobs.exporter.job,
  local stopped = { job: job, window: $._config.alerts.GradingStopped.window },
  local failures = {
    local figures = $._config.alerts.GradingFailures,
    job: job,
    window: figures.window,
    above: durations.figure(figures.above),
    minimum: durations.figure(figures.minimum),
  },

  alertRules+:: {
    // Submissions were there in all of the window. `grading` is the grader's own queue: jobs of other queues may
    // wait all night without any grading.
    GradingStopped: {
      takes: { window: 'duration' },
      job: 'exporter',
      expr: fill(|||
        sum by (job, instance) (
          min_over_time(grader_queue_depth{job="%(job)s", queue="grading", state="waiting"}[%(window)s])
        ) > 0
        and
          sum by (job, instance) (increase(grader_gradings_total{job="%(job)s"}[%(window)s])) == 0
      |||, stopped),
      summary: 'Grading has stopped while submissions wait.',
      where: '{{ $labels.job }} on {{ $labels.instance }}',
      what: '{{ $value | humanize }} or more submissions wait and none was graded in the last %(window)s.' % stopped,
      example: {
        ['grader_queue_depth{job="%s",instance="one",queue="grading",state="waiting"}' % job]: '1x{ticks}',
        ['grader_gradings_total{job="%s",instance="one",outcome="accepted"}' % job]: '7x{ticks}',
      },
    },

    GradingFailures: {
      takes: { above: 'ratio', window: 'duration', minimum: 'count' },
      job: 'exporter',
      expr: fill(|||
        (
          sum by (job, instance) (
            rate(grader_gradings_total{job="%(job)s", outcome="internal_error"}[%(window)s])
          )
        /
          sum by (job, instance) (rate(grader_gradings_total{job="%(job)s"}[%(window)s]))
        ) > %(above)s
        and
          sum by (job, instance) (increase(grader_gradings_total{job="%(job)s"}[%(window)s])) >= %(minimum)s
      |||, failures),
      summary: 'Too many gradings fail for reasons of the machine.',
      where: '{{ $labels.job }} on {{ $labels.instance }}',
      what: '{{ $value | humanizePercentage }} of the gradings of the last %(window)s ended in an internal error.'
            % failures,
      example: {
        ['grader_gradings_total{job="%s",instance="one",outcome="internal_error"}' % job]:
          '0+%dx{ticks}' % std.ceil(2 * $._config.alerts.GradingFailures.minimum),
      },
    },
  },
}
