// The monitoring mixin of gradewatch: alerts and records from one policy, for any jsonnet tool chain.
//
//   prometheusAlerts   one group an alert, named after it: the alert and its steps of escalation
//   prometheusRules    the records: objectives and thresholds
//
// A new alert: declare it in alerts/<category>.libsonnet, give it figures in the policy, test it in tests/rules/.
local rule = import 'rule.libsonnet';

(import 'config.libsonnet')
+ (import 'alerts/availability.libsonnet')
+ (import 'alerts/database.libsonnet')
+ (import 'alerts/errors.libsonnet')
+ (import 'alerts/grading.libsonnet')
+ (import 'alerts/latency.libsonnet')
+ (import 'alerts/monitoring.libsonnet')
+ (import 'alerts/objectives.libsonnet')
+ (import 'alerts/queue.libsonnet')
+ (import 'records/objectives.libsonnet')
+ (import 'records/thresholds.libsonnet')
+ {
  // Every alert of the policy with its figures and its declaration, in the order of names; then the objectives'.
  alerts::
    local figures = $._config.alerts;
    local declared = $.alertRules;
    local sides(figure) = { [side]: figure[side] for side in ['above', 'below'] if std.objectHas(figure, side) };
    [
      figures[name] + declared[name] { name: name, apart: {}, threshold: sides(figures[name]) }
      for name in std.objectFields(figures)
      if std.get(figures[name], 'enabled', true)
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
