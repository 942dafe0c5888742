// The thresholds of the alerts as series, so that a board draws the line that the alert has.
local durations = import '../durations.libsonnet';

{
  local record(alert, side, value, more={}) = {
    record: 'service:alert_threshold:%s' % side,
    expr: 'vector(%s)' % value,
    labels: {
      alertname: alert.name,
      job: $._config.scrape.jobs[alert.job].job,
      service: $._config.service,
    } + { [label]: alert.apart[label] for label in ['burn_tier', 'slo'] if std.objectHas(alert.apart, label) } + more,
  },

  local records = [
    record(alert, side, durations.figure(alert.threshold[side]))
    for alert in $.alerts
    for side in ['above', 'below']
    if std.get(alert.threshold, side, null) != null
  ] + [
    // An alert with several limits: one series each.
    record(alert, 'above', durations.figure(alert.limits[name]), { [alert.limits_by]: name })
    for alert in $.alerts
    if std.get(alert, 'limits', {}) != {}
    for name in std.objectFields(alert.limits)
  ],

  prometheusRules+:: {
    groups+: if records == [] then [] else [{ name: 'alert-thresholds', rules: records }],
  },
}
