// What rules/mixin.py checks a policy's alerts against: each rule's figures and the job that it watches.
local rules = (import 'mixin.libsonnet').alertRules;

{ [name]: { takes: rules[name].takes, job: rules[name].job } for name in std.objectFields(rules) }
