// Is there room on the disks, and how long will it last? What holds no files of ours is left out.
local disks = 'job="%(job)s", fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660"';
local avail = 'node_filesystem_avail_bytes{' + disks + '}';
local size = 'node_filesystem_size_bytes{' + disks + '}';
local one = '{job="%(job)s",instance="one",device="/dev/sda1",fstype="ext4",mountpoint="/"}';

local low = {
  takes: { below: 'ratio' },
  job: 'node',
  expr: avail + '\n/\n' + size + ' < %(below)s',
  where: '{{ $labels.mountpoint }} on {{ $labels.instance }}',
  what: '{{ $value | humanizePercentage }} of the space is left.',
  example: {
    ['node_filesystem_avail_bytes' + one]: '1 %(beneath)sx{ticks}',
    ['node_filesystem_size_bytes' + one]: '1x{ticks}',
  },
};

{
  alertRules+:: {
    DiskSpaceLow: low { summary: 'A disk is filling up.' },

    DiskSpaceCritical: low { summary: 'A disk is nearly full.' },

    // A disk that fills at this pace; one that is half empty may also shrink for an hour without any danger.
    DiskFullSoon: {
      takes: { above: 'ratio', window: 'duration', horizon: 'duration' },
      job: 'node',
      expr: |||
        1 - %(avail)s / %(size)s > %%(above)s
        and
          predict_linear(%(avail)s[%%(window)s], %%(seconds.horizon)s) < 0
      ||| % { avail: avail, size: size },
      summary: 'A disk will soon be full at the present pace.',
      where: '{{ $labels.mountpoint }} on {{ $labels.instance }}',
      what: '{{ $value | humanizePercentage }} is in use; as in the last %(window)s it is full within %(horizon)s.',
      example: {
        ['node_filesystem_avail_bytes' + one]: '%(rest)s-%(drain)sx{ticks}',
        ['node_filesystem_size_bytes' + one]: '1x{ticks}',
      },
    },
  },
}
