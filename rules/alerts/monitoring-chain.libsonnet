// Does an alert reach people? From the rule in Prometheus to the message that leaves Alertmanager. What breaks the
// whole chain cannot be told by it: for that an outside service must miss the Watchdog.
local prometheus = { job: 'prometheus', where: '{{ $labels.job }} on {{ $labels.instance }}' };
local alertmanager = prometheus { job: 'alertmanager' };
local one(metric, labels='') = metric + '{job="%(job)s",instance="one"' + labels + '}';

{
  alertRules+:: {
    RuleEvaluationFailing: prometheus {
      takes: { window: 'duration' },
      expr: |||
        sum by (job, instance, rule_group) (
          increase(prometheus_rule_evaluation_failures_total{job="%(job)s"}[%(window)s])
        ) > 0
      |||,
      summary: 'Prometheus cannot evaluate a rule.',
      where: 'group {{ $labels.rule_group }} on {{ $labels.instance }}',
      what: 'evaluations that failed in the last %(window)s: {{ $value | humanize }}; its alerts do not come.',
      example: { [one('prometheus_rule_evaluation_failures_total', ',rule_group="rules;ServiceDown"')]: '0+1x{ticks}' },
    },

    RuleEvaluationSlow: prometheus {
      takes: { window: 'duration' },
      expr: |||
        sum by (job, instance, rule_group) (
          increase(prometheus_rule_group_iterations_missed_total{job="%(job)s"}[%(window)s])
        ) > 0
      |||,
      summary: 'Prometheus does not get through its rules in time.',
      where: 'group {{ $labels.rule_group }} on {{ $labels.instance }}',
      what: 'evaluations left out in the last %(window)s: {{ $value | humanize }}; alerts come late.',
      example: { [one('prometheus_rule_group_iterations_missed_total', ',rule_group="rules;ServiceDown"')]: '0+1x{ticks}' },
    },

    PrometheusConfigRefused: prometheus {
      takes: {},
      expr: 'prometheus_config_last_reload_successful{job="%(job)s"} == 0',
      summary: 'Prometheus has refused its new configuration.',
      what: 'it has worked with the old one for %(for)s.',
      example: { [one('prometheus_config_last_reload_successful')]: '1 0x{ticks}' },
    },

    AlertmanagerMissing: prometheus {
      takes: { below: 'count' },
      expr: 'prometheus_notifications_alertmanagers_discovered{job="%(job)s"} < %(below)s',
      summary: 'Prometheus knows too few Alertmanagers.',
      what: 'it has {{ $value | humanize }} to send alerts to.',
      example: { [one('prometheus_notifications_alertmanagers_discovered')]: '100 0x{ticks}' },
    },

    AlertsNotSent: prometheus {
      takes: { above: 'ratio', window: 'duration' },
      expr: |||
        (
          rate(prometheus_notifications_errors_total{job="%(job)s"}[%(window)s])
        /
          (rate(prometheus_notifications_sent_total{job="%(job)s"}[%(window)s]) > 0)
        ) > %(above)s
      |||,
      summary: 'Prometheus cannot hand its alerts to Alertmanager.',
      where: '{{ $labels.instance }} to {{ $labels.alertmanager }}',
      what: '{{ $value | humanizePercentage }} of the alerts of the last %(window)s did not arrive.',
      example: {
        [one('prometheus_notifications_errors_total', ',alertmanager="http://a:9093"')]: '0+10x{ticks}',
        [one('prometheus_notifications_sent_total', ',alertmanager="http://a:9093"')]: '0+10x{ticks}',
      },
    },

    // By way of sending: mail may fail while the pager still works.
    NotificationsFailing: alertmanager {
      takes: { above: 'ratio', window: 'duration' },
      expr: |||
        (
          sum by (job, instance, integration) (rate(alertmanager_notifications_failed_total{job="%(job)s"}[%(window)s]))
        /
          (sum by (job, instance, integration) (rate(alertmanager_notifications_total{job="%(job)s"}[%(window)s])) > 0)
        ) > %(above)s
      |||,
      summary: 'Alertmanager cannot send its messages.',
      where: '{{ $labels.integration }} on {{ $labels.instance }}',
      what: '{{ $value | humanizePercentage }} of the messages of the last %(window)s failed.',
      example: {
        [one('alertmanager_notifications_failed_total', ',integration="email",reason="other"')]: '0+10x{ticks}',
        [one('alertmanager_notifications_total', ',integration="email"')]: '0+10x{ticks}',
      },
    },

    AlertmanagerConfigRefused: alertmanager {
      takes: {},
      expr: 'alertmanager_config_last_reload_successful{job="%(job)s"} == 0',
      summary: 'Alertmanager has refused its new configuration.',
      what: 'it has worked with the old one for %(for)s.',
      example: { [one('alertmanager_config_last_reload_successful')]: '1 0x{ticks}' },
    },
  },
}
