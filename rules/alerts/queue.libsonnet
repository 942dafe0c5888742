// Do submissions wait: too many, for too long, or for nobody? And does the broker work? Targets may have labels of
// their own (a cluster, a pod): what is summed has lost them, so it is matched by the labels that are left.
local queue = { job: 'exporter', where: 'queue {{ $labels.queue }} on {{ $labels.instance }}' };
local waiting(metric) = metric + '{job="%(job)s", state="waiting"}';
local one(metric, labels) = metric + '{job="%(job)s",instance="one",' + labels + '}';

{
  alertRules+:: {
    GradingBacklog: queue {
      takes: { above: 'count' },
      expr: waiting('grader_queue_depth') + ' > %(above)s',
      summary: 'Too many submissions wait to be graded.',
      what: '{{ $value | humanize }} submissions wait.',
      example: { [one('grader_queue_depth', 'queue="grading",state="waiting"')]: '0 %(over)sx{ticks}' },
    },

    GradingQueueStalled: queue {
      takes: { above: 'seconds' },
      expr: waiting('grader_queue_oldest_age_seconds') + ' > %(above)s',
      summary: 'Submissions wait too long to be graded.',
      what: 'the oldest submission has waited {{ $value | humanizeDuration }}.',
      example: { [one('grader_queue_oldest_age_seconds', 'queue="grading",state="waiting"')]: '0 %(over)sx{ticks}' },
    },

    QueueNearCapacity: queue {
      takes: { above: 'ratio' },
      expr: |||
        sum by (job, instance, queue) (grader_queue_depth{job="%(job)s"})
        / on (job, instance, queue)
        (grader_queue_capacity{job="%(job)s"} > 0) > %(above)s
      |||,
      summary: 'A queue is nearly full.',
      what: '{{ $value | humanizePercentage }} of its places are taken; what comes when it is full is refused.',
      example: {
        [one('grader_queue_depth', 'queue="grading",state="waiting"')]: '0 100x{ticks}',
        [one('grader_queue_capacity', 'queue="grading"')]: '100x{ticks}',
      },
    },

    QueueWithoutConsumers: queue {
      takes: {},
      expr: |||
        sum by (job, instance, queue) (grader_queue_depth{job="%(job)s", state="waiting"}) > 0
        and on (instance, queue)
          grader_queue_consumers{job="%(job)s"} == 0
      |||,
      summary: 'Nobody takes jobs from a queue.',
      what: 'jobs that wait: {{ $value | humanize }}; no worker is connected.',
      example: {
        [one('grader_queue_depth', 'queue="grading",state="waiting"')]: '0 1x{ticks}',
        [one('grader_queue_consumers', 'queue="grading"')]: '0x{ticks}',
      },
    },

    QueueJobsFailing: queue {
      takes: { above: 'ratio', window: 'duration', minimum: 'count' },
      expr: |||
        (
          rate(grader_queue_failed_total{job="%(job)s"}[%(window)s])
        /
          rate(grader_queue_processed_total{job="%(job)s"}[%(window)s])
        ) > %(above)s
        and
          increase(grader_queue_processed_total{job="%(job)s"}[%(window)s]) >= %(minimum)s
      |||,
      summary: 'Too many jobs of a queue fail.',
      what: '{{ $value | humanizePercentage }} of the jobs of the last %(window)s failed.',
      example: {
        [one('grader_queue_failed_total', 'queue="grading"')]: '0+%(many)sx{ticks}',
        [one('grader_queue_processed_total', 'queue="grading"')]: '0+%(many)sx{ticks}',
      },
    },

    BrokerDown: queue {
      takes: {},
      expr: 'grader_broker_up{job="%(job)s"} == 0',
      summary: 'The broker of the queues cannot be reached.',
      where: 'broker {{ $labels.broker }} seen from {{ $labels.instance }}',
      what: 'no answer for %(for)s; nothing is handed to the workers.',
      example: { [one('grader_broker_up', 'broker="redis"')]: '1 0x{ticks}' },
    },

    QueueScanTruncated: queue {
      takes: {},
      expr: 'grader_queue_scan_truncated{job="%(job)s"} == 1',
      summary: 'Not all queues are watched: there are too many.',
      where: 'broker {{ $labels.broker }} seen from {{ $labels.instance }}',
      what: 'the search for queues has been cut short for %(for)s; raise its bound or name the queues.',
      example: { [one('grader_queue_scan_truncated', 'broker="redis"')]: '0 1x{ticks}' },
    },
  },
}
