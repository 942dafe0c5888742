// Does the help desk keep its word? The limit depends on the urgency of the ticket.
local urgencies = ['critical', 'high', 'medium', 'low'];

local overdue(metric) = {
  takes: { ['limits.' + urgency]: 'seconds' for urgency in urgencies },
  limits_by: 'urgency',
  job: 'exporter',
  expr: std.join('\nor\n', [
    '%s{job="%%(job)s", urgency="%s"} > %%(limits.%s)s' % [metric, urgency, urgency]
    for urgency in urgencies
  ]),
  where: 'urgency {{ $labels.urgency }}, {{ $labels.instance }}',
  example: { [metric + '{job="%(job)s",instance="one",urgency="critical"}']: '0 10000000x{ticks}' },
};

{
  alertRules+:: {
    SupportAnswerOverdue: overdue('grader_support_oldest_unanswered_seconds') {
      summary: 'A ticket waits for its first answer longer than promised.',
      what: 'the oldest one has waited {{ $value | humanizeDuration }}.',
    },

    SupportSolutionOverdue: overdue('grader_support_oldest_unresolved_seconds') {
      summary: 'A ticket is unsolved for longer than promised.',
      what: 'the oldest one has been open for {{ $value | humanizeDuration }}.',
    },
  },
}
