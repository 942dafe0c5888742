// Is what rules and law ask for still true?
local compliance = { job: 'exporter', where: '{{ $labels.job }} on {{ $labels.instance }}' };
local one(metric, labels='') = metric + '{job="%(job)s",instance="one"' + labels + '}';

{
  alertRules+:: {
    CriticalVulnerability: compliance {
      takes: {},
      expr: 'grader_compliance_vulnerabilities{job="%(job)s", urgency="critical"} > 0',
      summary: 'A critical vulnerability is open.',
      what: 'critical vulnerabilities known and open: {{ $value | humanize }}.',
      example: { [one('grader_compliance_vulnerabilities', ',urgency="critical"')]: '0 1x{ticks}' },
    },

    PatchComplianceLow: compliance {
      takes: { below: 'ratio' },
      expr: 'grader_compliance_patched_ratio{job="%(job)s"} < %(below)s',
      summary: 'Too many systems lack patches.',
      what: '{{ $value | humanizePercentage }} of the systems have all patches.',
      example: { [one('grader_compliance_patched_ratio')]: '1 0x{ticks}' },
    },

    VulnerabilityScanOverdue: compliance {
      takes: { above: 'seconds' },
      expr: 'time() - grader_compliance_last_scan_timestamp_seconds{job="%(job)s"} > %(above)s',
      summary: 'The last search for vulnerabilities is too long ago.',
      what: 'it was {{ $value | humanizeDuration }} ago.',
      example: { [one('grader_compliance_last_scan_timestamp_seconds')]: '0 -10000000x{ticks}' },
    },

    AccessReviewIncomplete: compliance {
      takes: {},
      expr: 'grader_compliance_phi_access_reviewed_ratio{job="%(job)s"} < 1',
      summary: 'Accesses to health data have not been reviewed.',
      what: '{{ $value | humanizePercentage }} of them are.',
      example: { [one('grader_compliance_phi_access_reviewed_ratio')]: '1 0x{ticks}' },
    },

    // A young log is short without any fault. Its oldest entry moves only when entries are deleted: that must not
    // happen before the time of keeping is over.
    AuditLogTruncated: compliance {
      takes: { below: 'seconds', window: 'duration' },
      expr: |||
        time() - grader_compliance_audit_log_oldest_timestamp_seconds{job="%(job)s"} < %(below)s
        and
          delta(grader_compliance_audit_log_oldest_timestamp_seconds{job="%(job)s"}[%(window)s]) > 0
      |||,
      summary: 'Entries of the audit log were deleted before their time.',
      what: 'it now goes back only {{ $value | humanizeDuration }}.',
      example: { [one('grader_compliance_audit_log_oldest_timestamp_seconds')]: '-100+60x{ticks}' },
    },

    IncidentReportLate: compliance {
      takes: { above: 'bucket', window: 'duration' },
      expr: |||
        sum by (job, instance) (increase(grader_compliance_incident_report_seconds_count{job="%(job)s"}[%(window)s]))
        -
        sum by (job, instance) (
          increase(grader_compliance_incident_report_seconds_bucket{job="%(job)s", le=~"%(above)s([.]0)?"}[%(window)s])
        ) > 0
      |||,
      summary: 'A security incident was reported too late.',
      what: '{{ $value | humanize }} of the reports of the last %(window)s came later than promised.',
      example: {
        [one('grader_compliance_incident_report_seconds_count')]: '0+1x{ticks}',
        [one('grader_compliance_incident_report_seconds_bucket', ',le="%(above)s"')]: '0x{ticks}',
      },
    },
  },
}
