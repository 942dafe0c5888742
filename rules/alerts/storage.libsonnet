// Can the grader read and write its files?
{
  alertRules+:: {
    StorageUnavailable: {
      takes: {},
      job: 'exporter',
      expr: 'grader_files_up{job="%(job)s"} == 0',
      summary: 'The file store of the grader cannot be read.',
      where: 'store {{ $labels.files }} seen from {{ $labels.instance }}',
      what: 'no answer for %(for)s.',
      example: { 'grader_files_up{job="%(job)s",instance="one",files="submissions"}': '1 0x{ticks}' },
    },

    // A file system that met an error turns read-only: nothing is stored from then on.
    FilesystemReadOnly: {
      takes: {},
      job: 'node',
      expr: 'node_filesystem_readonly{job="%(job)s", fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660"} == 1',
      summary: 'A file system can no longer be written to.',
      where: '{{ $labels.mountpoint }} on {{ $labels.instance }}',
      what: 'it has been read-only for %(for)s.',
      example: {
        'node_filesystem_readonly{job="%(job)s",instance="one",device="/dev/sda1",fstype="ext4",mountpoint="/"}':
          '0 1x{ticks}',
      },
    },
  },
}
