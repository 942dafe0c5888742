// Do submissions wait: too many, or for too long?
local durations = import '../durations.libsonnet';

{
  local alerts = $._config.alerts,
  local job = $._config.scrape.jobs.exporter.job,
  local waiting(metric, above) = '%s{job="%s", state="waiting"} > %s' % [metric, job, durations.figure(above)],
  local example(metric, above) = {
    ['%s{job="%s",instance="one",queue="grading",state="waiting"}' % [metric, job]]:
      '0 %sx{ticks}' % durations.figure(durations.seconds(above) + 1),
  },

  alertRules+:: {
    GradingBacklog: {
      takes: { above: 'count' },
      job: 'exporter',
      expr: waiting('grader_queue_depth', alerts.GradingBacklog.above),
      summary: 'Too many submissions wait to be graded.',
      where: 'queue {{ $labels.queue }} on {{ $labels.instance }}',
      what: '{{ $value | humanize }} submissions wait.',
      example: example('grader_queue_depth', alerts.GradingBacklog.above),
    },

    GradingQueueStalled: {
      takes: { above: 'seconds' },
      job: 'exporter',
      expr: waiting('grader_queue_oldest_age_seconds', alerts.GradingQueueStalled.above),
      summary: 'Submissions wait too long to be graded.',
      where: 'queue {{ $labels.queue }} on {{ $labels.instance }}',
      what: 'the oldest submission has waited {{ $value | humanizeDuration }}.',
      example: example('grader_queue_oldest_age_seconds', alerts.GradingQueueStalled.above),
    },
  },
}
