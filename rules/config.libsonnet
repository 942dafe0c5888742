// What the rules are built from: a policy in the shape of its YAML file. The default is the packaged policy, so
// that no figure is written a second time; that file has a paragraph on every key.
//
//   (import 'gradewatch/rules/mixin.libsonnet') + {
//     _config+:: { service: 'grader-b', alerts+: { HighErrorRate+: { above: 0.02, 'for': '10m' } } },
//   }
local policy = std.parseYaml(importstr '../policy/auto-grader.yaml');  // once: a field is evaluated at each use

{
  _config+:: policy,
}
