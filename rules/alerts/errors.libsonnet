// Does the application answer with errors? A ratio is over all instances: one that fails while others answer shows as
// its share of the traffic.
local ratio(kind, of, minimum_of) = |||
  (
    sum by (job) (rate(%s[%%(window)s]))
  /
    sum by (job) (rate(%s[%%(window)s]))
  ) > %%(above)s
  and
    sum by (job) (increase(%s[%%(window)s])) >= %%(minimum)s
||| % [kind, of, minimum_of];

local requests = '%(requests)s{job="%(job)s"}';
local answered(status) = '%(requests)s{job="%(job)s", %(status_label)s=~"' + status + '"}';

local alert(more) = {
  takes: { above: 'ratio', window: 'duration', minimum: 'count' },
  job: 'application',
  where: '{{ $labels.job }}',
} + more;

local example(status) = {
  ['%(requests)s{job="%(job)s",instance="one",%(status_label)s="' + status + '"}']: '0+%(bad)sx{ticks}',
  '%(requests)s{job="%(job)s",instance="one",%(status_label)s="200"}': '0+%(good)sx{ticks}',
};

{
  alertRules+:: {
    HighErrorRate: alert({
      expr: ratio(answered('5..'), requests, requests),
      summary: 'Too many requests end in a server error.',
      what: '{{ $value | humanizePercentage }} of the requests of the last %(window)s were answered with 5xx.',
      example: example('500'),
    }),

    ErrorRateElevated: alert({
      expr: ratio(answered('5..'), requests, requests),
      summary: 'More requests end in a server error than is acceptable.',
      what: '{{ $value | humanizePercentage }} of the requests of the last %(window)s were answered with 5xx.',
      example: example('500'),
    }),

    ServerErrorsOverTarget: alert({
      expr: ratio(answered('5..'), requests, requests),
      summary: 'Server errors are over their target.',
      what: '{{ $value | humanizePercentage }} of the requests of the last %(window)s were answered with 5xx.',
      example: example('500'),
    }),

    ClientErrorRateHigh: alert({
      expr: ratio(answered('4..'), requests, requests),
      summary: 'Too many requests are refused as wrong.',
      what: '{{ $value | humanizePercentage }} of the requests of the last %(window)s were answered with 4xx.',
      example: example('404'),
    }),

    // Errors that the application counts itself: exceptions that users may never see as 5xx.
    ApplicationErrorRateHigh: alert({
      expr: ratio('%(errors)s{job="%(job)s"}', requests, requests),
      summary: 'The application reports too many errors of its own.',
      what: '{{ $value | humanizePercentage }} of the requests of the last %(window)s had an error inside the application.',
      example: {
        '%(requests)s{job="%(job)s",instance="one",%(status_label)s="200"}': '0+%(many)sx{ticks}',
        '%(errors)s{job="%(job)s",instance="one"}': '0+%(many)sx{ticks}',
      },
    }),

    DatabaseErrorRateHigh: alert({
      local statements = '%(database_queries)s{job="%(job)s"}',
      expr: ratio('%(database_errors)s{job="%(job)s"}', statements, statements),
      summary: "Too many of the application's database statements fail.",
      what: '{{ $value | humanizePercentage }} of the statements of the last %(window)s failed.',
      example: {
        '%(database_errors)s{job="%(job)s",instance="one"}': '0+%(many)sx{ticks}',
        '%(database_queries)s{job="%(job)s",instance="one"}': '0+%(many)sx{ticks}',
      },
    }),
  },
}
