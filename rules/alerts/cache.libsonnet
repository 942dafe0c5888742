// Does the cache answer, and does it help?
local redis = { job: 'redis', where: '{{ $labels.job }} on {{ $labels.instance }}' };
local one(metric) = metric + '{job="%(job)s",instance="one"}';

{
  alertRules+:: {
    CacheDown: redis {
      takes: {},
      expr: 'redis_up{job="%(job)s"} == 0',
      summary: 'The cache does not answer.',
      what: 'Redis could not be reached for %(for)s.',
      example: { [one('redis_up')]: '1 0x{ticks}' },
    },

    CacheHitRatioLow: redis {
      takes: { below: 'ratio', window: 'duration', minimum: 'count' },
      expr: |||
        (
          rate(redis_keyspace_hits_total{job="%(job)s"}[%(window)s])
        /
          (
            rate(redis_keyspace_hits_total{job="%(job)s"}[%(window)s])
          +
            rate(redis_keyspace_misses_total{job="%(job)s"}[%(window)s])
          )
        ) < %(below)s
        and
          (
            increase(redis_keyspace_hits_total{job="%(job)s"}[%(window)s])
          +
            increase(redis_keyspace_misses_total{job="%(job)s"}[%(window)s])
          ) >= %(minimum)s
      |||,
      summary: 'The cache rarely has what is asked of it.',
      what: '{{ $value | humanizePercentage }} of the look-ups of the last %(window)s found something.',
      example: {
        [one('redis_keyspace_hits_total')]: '0x{ticks}',
        [one('redis_keyspace_misses_total')]: '0+%(many)sx{ticks}',
      },
    },

    // Without a limit (0) Redis takes what the host has: HostMemoryHigh watches that.
    CacheMemoryFull: redis {
      takes: { above: 'ratio' },
      expr: |||
        redis_memory_used_bytes{job="%(job)s"}
        /
        (redis_memory_max_bytes{job="%(job)s"} > 0) > %(above)s
      |||,
      summary: 'The cache is nearly full.',
      what: '{{ $value | humanizePercentage }} of its memory is in use; what is still needed is thrown out or refused.',
      example: { [one('redis_memory_used_bytes')]: '0 100x{ticks}', [one('redis_memory_max_bytes')]: '100x{ticks}' },
    },
  },
}
