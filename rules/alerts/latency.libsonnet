// Does the application answer in time? Percentiles are of all instances together: a mean of percentiles means nothing.
local percentile = {
  takes: { above: 'seconds', quantile: 'ratio', window: 'duration', minimum: 'count' },
  job: 'application',
  expr: |||
    histogram_quantile(
      %(quantile)s, sum by (job, le) (rate(%(duration)s_bucket{job="%(job)s"}[%(window)s]))
    ) > %(above)s
    and
      sum by (job) (increase(%(duration)s_count{job="%(job)s"}[%(window)s])) >= %(minimum)s
  |||,
  where: '{{ $labels.job }}',
  what: 'the %(percentile)s percentile of the response time of the last %(window)s is {{ $value | humanizeDuration }}.',
  example: {
    '%(duration)s_bucket{job="%(job)s",instance="one",le="%(tiny)s"}': '0+%(quick)sx{ticks}',
    '%(duration)s_bucket{job="%(job)s",instance="one",le="%(above)s"}': '0+%(quick)sx{ticks}',
    '%(duration)s_bucket{job="%(job)s",instance="one",le="%(just)s"}': '0+%(many)sx{ticks}',
    '%(duration)s_bucket{job="%(job)s",instance="one",le="+Inf"}': '0+%(many)sx{ticks}',
    '%(duration)s_count{job="%(job)s",instance="one"}': '0+%(many)sx{ticks}',
  },
};

// Probes are known by how their name begins: page, submission, grading, video. One slow answer is no slow page, so a
// percentile of the window is taken.
local probe(names) = {
  takes: { above: 'seconds', quantile: 'ratio', window: 'duration' },
  job: 'exporter',
  expr: 'quantile_over_time(%(quantile)s, grader_probe_duration_seconds{job="%(job)s", probe=~"' + names + '.*"}[%(window)s]) > %(above)s',
  where: 'probe {{ $labels.probe }} from {{ $labels.instance }}',
  what: 'the %(percentile)s percentile of the last %(window)s is {{ $value | humanizeDuration }}.',
};
local probed(name) = {
  ['grader_probe_duration_seconds{job="%(job)s",instance="one",probe="' + name + '"}']: '0 %(over)sx{ticks}',
};

{
  alertRules+:: {
    SlowResponseTime: percentile { summary: 'The service answers slowly.' },

    VerySlowResponseTime: percentile { summary: 'The service answers so slowly that people give up.' },

    SlowMedianResponse: percentile { summary: 'Every second request is slow.' },

    SlowTailResponse: percentile { summary: 'The slowest requests take too long.' },

    MeanResponseTimeHigh: {
      takes: { above: 'seconds', window: 'duration', minimum: 'count' },
      job: 'application',
      expr: |||
        (
          sum by (job) (rate(%(duration)s_sum{job="%(job)s"}[%(window)s]))
        /
          sum by (job) (rate(%(duration)s_count{job="%(job)s"}[%(window)s]))
        ) > %(above)s
        and
          sum by (job) (increase(%(duration)s_count{job="%(job)s"}[%(window)s])) >= %(minimum)s
      |||,
      summary: 'The service answers slowly on average.',
      where: '{{ $labels.job }}',
      what: 'a request of the last %(window)s took {{ $value | humanizeDuration }} on average.',
      example: {
        '%(duration)s_sum{job="%(job)s",instance="one"}': '0+1000000x{ticks}',
        '%(duration)s_count{job="%(job)s",instance="one"}': '0+%(many)sx{ticks}',
      },
    },

    PageLoadSlow: probe('page') { summary: 'A page loads slowly.', example: probed('page') },

    TransactionSlow: probe('(submission|grading)') {
      summary: 'Handing in or grading takes too long.',
      example: probed('submission'),
    },

    VideoStartSlow: probe('video') { summary: 'Videos start slowly.', example: probed('video') },
  },
}
