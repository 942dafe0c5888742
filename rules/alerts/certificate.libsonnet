// How long are the certificates of the probed addresses good for?
local expires = {
  takes: { below: 'seconds' },
  job: 'exporter',
  expr: 'grader_probe_certificate_not_after_timestamp_seconds{job="%(job)s"} - time() < %(below)s',
  where: 'probe {{ $labels.probe }} from {{ $labels.instance }}',
  what: 'its certificate {{ if lt $value 0.0 }}has expired{{ else }}ends in {{ $value | humanizeDuration }}{{ end }}.',
  example: {
    'grader_probe_certificate_not_after_timestamp_seconds{job="%(job)s",instance="one",probe="page"}': '1000000000 %(under)sx{ticks}',
  },
};

{
  alertRules+:: {
    CertificateExpiresSoon: expires { summary: 'A certificate must be renewed.' },

    CertificateExpiresNow: expires { summary: 'A certificate is about to expire: then nobody gets in.' },
  },
}
