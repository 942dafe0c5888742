// Are processor, memory and network of the hosts and of the application near their limits?
{
  alertRules+:: {
    HighCPUUsage: {
      takes: { above: 'ratio', window: 'duration' },
      job: 'node',
      expr: |||
        1 - avg by (job, instance) (
          rate(node_cpu_seconds_total{job="%(job)s", mode="idle"}[%(window)s])
        ) > %(above)s
      |||,
      summary: 'A host has hardly any processor time left.',
      where: 'host {{ $labels.instance }}',
      what: 'its processors are {{ $value | humanizePercentage }} busy.',
      example: { 'node_cpu_seconds_total{job="%(job)s",instance="one",cpu="0",mode="idle"}': '0x{ticks}' },
    },

    // A program of one thread cannot use more than one core, however many the host has.
    ProcessCPUHigh: {
      takes: { above: 'ratio', window: 'duration' },
      job: 'application',
      expr: 'rate(process_cpu_seconds_total{job="%(job)s"}[%(window)s]) > %(above)s',
      summary: 'A process of the service uses up its core.',
      where: '{{ $labels.job }} on {{ $labels.instance }}',
      what: 'it uses {{ $value | humanizePercentage }} of a core.',
      example: { 'process_cpu_seconds_total{job="%(job)s",instance="one"}': '0+3600x{ticks}' },
    },

    HighMemoryUsage: {
      takes: { above: 'bytes' },
      job: 'application',
      expr: 'process_resident_memory_bytes{job="%(job)s"} > %(above)s',
      summary: 'A process of the service uses too much memory.',
      where: '{{ $labels.job }} on {{ $labels.instance }}',
      what: 'it holds {{ $value | humanize1024 }}B.',
      example: { 'process_resident_memory_bytes{job="%(job)s",instance="one"}': '0 %(over)sx{ticks}' },
    },

    HostMemoryHigh: {
      takes: { above: 'ratio' },
      job: 'node',
      expr: |||
        1
        -
          node_memory_MemAvailable_bytes{job="%(job)s"}
        /
          node_memory_MemTotal_bytes{job="%(job)s"} > %(above)s
      |||,
      summary: 'A host has hardly any memory left.',
      where: 'host {{ $labels.instance }}',
      what: '{{ $value | humanizePercentage }} of its memory is in use.',
      example: {
        'node_memory_MemAvailable_bytes{job="%(job)s",instance="one"}': '100 0x{ticks}',
        'node_memory_MemTotal_bytes{job="%(job)s",instance="one"}': '100x{ticks}',
      },
    },

    OutOfMemoryKill: {
      takes: { window: 'duration' },
      job: 'node',
      expr: 'increase(node_vmstat_oom_kill{job="%(job)s"}[%(window)s]) > 0',
      summary: 'The kernel has killed a process for want of memory.',
      where: 'host {{ $labels.instance }}',
      what: 'within the last %(window)s; what was killed may have been a grading, the database or the service.',
      example: { 'node_vmstat_oom_kill{job="%(job)s",instance="one"}': '0+1x{ticks}' },
    },

    // The busier of the two directions. A virtual card tells no speed, or one of 0 or less: it is left out.
    NetworkSaturated: {
      takes: { above: 'ratio', window: 'duration' },
      job: 'node',
      expr: |||
        (
          rate(node_network_receive_bytes_total{job="%(job)s", device!~"lo|veth.+|docker.+|br-.+"}[%(window)s])
        /
          (node_network_speed_bytes{job="%(job)s"} > 0)
        ) > %(above)s
        or
        (
          rate(node_network_transmit_bytes_total{job="%(job)s", device!~"lo|veth.+|docker.+|br-.+"}[%(window)s])
        /
          (node_network_speed_bytes{job="%(job)s"} > 0)
        ) > %(above)s
      |||,
      summary: 'A network card is near its limit.',
      where: 'card {{ $labels.device }} of {{ $labels.instance }}',
      what: 'it moves {{ $value | humanizePercentage }} of what it can.',
      example: {
        'node_network_receive_bytes_total{job="%(job)s",instance="one",device="eth0"}': '0+100000x{ticks}',
        'node_network_speed_bytes{job="%(job)s",instance="one",device="eth0"}': '1x{ticks}',
      },
    },
  },
}
