// Incidents from ALERTS: how many are open, when one begins, how long they last.
//
// An incident is what the matrix calls one: an alert of one name at its first step, whatever fires below it
// (instances, burn tiers). It ends with its alert, keep_firing_for included. Whether somebody acknowledged it is not in
// ALERTS: only Alertmanager knows its silences.
local durations = import '../durations.libsonnet';

{
  local service = $._config.service,
  local evaluation = $._config.scrape.evaluation,
  local incidents(offset='') =
    'group by (alertname, priority, service) '
    + '(ALERTS{alertstate="firing", escalation="0", priority!="none", service="%s"}%s)' % [service, offset],

  prometheusRules+:: {
    groups+: [
      {
        name: 'incidents',
        rules: [
          {
            record: 'service_priority:incidents_open:count',
            expr: 'count by (priority, service) (%s)' % incidents(),
          },
          // Open now and not one evaluation ago: one sample at each beginning, none in between.
          {
            record: 'service_priority:incidents_begun:count',
            expr: 'count by (priority, service) (%s unless %s)'
                  % [incidents(), incidents(' offset ' + durations.canonical(evaluation))],
          },
        ],
      },
      {
        name: 'incident-times',
        interval: '5m',  // a month of samples is read: not at every evaluation
        rules: [
          // Mean time to resolve: the time that incidents were open, by how many began.
          {
            record: 'service_priority:incident_resolve_seconds:mean30d',
            expr: 'sum_over_time(service_priority:incidents_open:count{service="%s"}[30d]) * %s'
                  % [service, durations.figure(evaluation)]
                  + ' / sum_over_time(service_priority:incidents_begun:count{service="%s"}[30d])' % service,
          },
        ],
      },
    ],
  },
}
