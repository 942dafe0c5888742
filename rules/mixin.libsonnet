// The monitoring mixin of gradewatch: alerts and records from one policy, for any jsonnet tool chain.
//
//   prometheusAlerts   one group an alert, named after it: the alert and its steps of escalation
//   prometheusRules    the records: objectives, forecasts, health and thresholds
//
// A new alert: declare it in alerts/<category>.libsonnet, give it figures in the policy, test it in tests/rules/.
local declare = import 'declare.libsonnet';
local rule = import 'rule.libsonnet';

(import 'config.libsonnet')
+ (import 'alerts/availability.libsonnet')
+ (import 'alerts/backup.libsonnet')
+ (import 'alerts/cache.libsonnet')
+ (import 'alerts/capacity.libsonnet')
+ (import 'alerts/certificate.libsonnet')
+ (import 'alerts/compliance.libsonnet')
+ (import 'alerts/database.libsonnet')
+ (import 'alerts/errors.libsonnet')
+ (import 'alerts/grading.libsonnet')
+ (import 'alerts/latency.libsonnet')
+ (import 'alerts/model.libsonnet')
+ (import 'alerts/model-quality.libsonnet')
+ (import 'alerts/monitoring.libsonnet')
+ (import 'alerts/monitoring-chain.libsonnet')
+ (import 'alerts/objectives.libsonnet')
+ (import 'alerts/queue.libsonnet')
+ (import 'alerts/saturation.libsonnet')
+ (import 'alerts/saturation-disk.libsonnet')
+ (import 'alerts/security.libsonnet')
+ (import 'alerts/storage.libsonnet')
+ (import 'alerts/support.libsonnet')
+ (import 'alerts/throughput.libsonnet')
+ (import 'records/capacity.libsonnet')
+ (import 'records/health.libsonnet')
+ (import 'records/incidents.libsonnet')
+ (import 'records/objectives.libsonnet')
+ (import 'records/thresholds.libsonnet')
+ (import 'records/traffic.libsonnet')
+ {
  // Every alert of the policy with its figures and its declaration, in the order of names; then the objectives'.
  alerts::
    local figures = $._config.alerts;
    local declared = $.alertRules;
    [
      declare(name, figures[name], declared[name], $._config)
      for name in std.objectFields(figures)
      if std.get(figures[name], 'enabled', true) && std.get(declared[name], 'possible', true)
    ] + $.budgetAlerts,

  prometheusAlerts+:: {
    local alerts = $.alerts,
    groups+: [
      {
        name: name,
        rules: std.flattenArrays([rule.rules($._config, alert) for alert in alerts if alert.name == name]),
      }
      for name in std.uniq([alert.name for alert in alerts])
    ] + [{ name: 'Watchdog', rules: [$.watchdog] }],
  },
}
