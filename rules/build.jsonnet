// What rules/mixin.py reads: the rules of one policy (external variable `policy`, in the shape of its YAML file).
local burn = import 'burn.libsonnet';
local policy = std.extVar('policy');
local mixin = (import 'mixin.libsonnet') + { _config:: policy };

{
  alerts: mixin.alerts,
  groups: mixin.prometheusRules.groups + mixin.prometheusAlerts.groups,
  tiers: { [name]: burn.all(policy, policy.objectives[name]) for name in std.objectFields(policy.objectives) },
}
