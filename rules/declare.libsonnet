// An alert's declaration with the policy's figures in it. A declaration is text with named places:
//
//   %(above)s %(below)s %(minimum)s %(quantile)s   the alert's figures, as PromQL wants them
//   %(window)s %(offset)s %(horizon)s %(for)s      its durations, as PromQL wants them
//   %(limits.errors)s                              one of several limits, by its name
//   %(seconds.horizon)s                            a duration in seconds
//   %(job)s %(node)s %(redis)s                     the watched job, and every job of the policy by its purpose
//   %(requests)s %(duration)s %(errors)s ...       the names of the application's own metrics
//
// and in examples, which make the condition hold:
//
//   %(over)s %(under)s %(many)s                    twice `above` and one more, half of `below`, twice `minimum`
//   %(just)s %(rest)s %(beneath)s                  a little more than `above`, what it leaves of 1, a little less than `below`:
//                                                  much more would be a graver alert, which silences this one
//   %(drain)s                                      what must go from `rest` at each evaluation to be gone within `horizon`
//   %(bad)s %(good)s                               `many` parted so that just the share `above` is bad
//   %(quick)s %(tiny)s                             `many` without those over `quantile`, and a bucket for them
local durations = import 'durations.libsonnet';
local fill = import 'fill.libsonnet';

// "95" -> "95th", "91" -> "91st", "99.9" -> "99.9th".
local ordinal(digits) =
  local length = std.length(digits);
  local teen = length > 1 && digits[length - 2] == '1';
  local whole = std.length(std.findSubstr('.', digits)) == 0;
  digits + (if whole && !teen then std.get({ '1': 'st', '2': 'nd', '3': 'rd' }, digits[length - 1], 'th') else 'th');

local given(alert, keys) = [key for key in keys if std.get(alert, key, null) != null];

function(name, alert, declared, config)
  local limits = std.get(alert, 'limits', {});
  local has(keys) = std.all([std.objectHas(alert, key) for key in keys]);
  local above = durations.seconds(alert.above), below = durations.seconds(alert.below);
  local just = above + (if above < 1 then std.min(0.02 * above, (1 - above) / 2) else 0.02 * above);
  local many = std.ceil(2 * alert.minimum);
  local known =
    { [key]: durations.figure(alert[key]) for key in given(alert, ['above', 'below', 'minimum', 'quantile']) }
    + { [key]: durations.canonical(alert[key]) for key in given(alert, ['window', 'offset', 'horizon']) }
    + { ['seconds.' + key]: durations.figure(alert[key]) for key in given(alert, ['window', 'offset', 'horizon']) }
    + { ['limits.' + key]: durations.figure(limits[key]) for key in std.objectFields(limits) }
    + (if has(['quantile']) then { percentile: ordinal(durations.decimal(alert.quantile * 100)) } else {})
    + (
      if has(['above']) then {
        over: durations.figure(2 * above + 1),
        just: durations.figure(just),
        rest: durations.figure(1 - just),
        tiny: durations.figure(above / 1000),
      } else {}
    )
    + (
      if has(['above', 'horizon']) then {
        drain: durations.figure(
          1.2 * (1 - just) * durations.seconds(config.scrape.evaluation) / durations.seconds(alert.horizon)
        ),
      } else {}
    )
    + (if has(['below']) then { under: durations.figure(below / 2), beneath: durations.figure(0.98 * below) } else {})
    + (if has(['minimum']) then { many: std.toString(many) } else {})
    + (
      if has(['minimum', 'above']) then { bad: durations.figure(many * just), good: durations.figure(many * (1 - just)) }
      else {}
    )
    + (
      if has(['minimum', 'quantile']) then { quick: durations.figure(many * (1.02 * alert.quantile - 0.02)) } else {}
    )
    + { [purpose]: config.scrape.jobs[purpose].job for purpose in std.objectFields(config.scrape.jobs) }
    + config.application
    + { job: config.scrape.jobs[declared.job].job, 'for': alert['for'], service: config.service };
  local names = [[key, known[key]] for key in std.objectFields(known)];
  local expr = fill(declared.expr, names), where = fill(declared.where, names), what = fill(declared.what, names);
  alert + declared + {
    name: name,
    apart: {},
    expr: expr,
    where: where,
    what: what,
    example: {
      [fill(series, names)]: fill(declared.example[series], names)
      for series in std.objectFields(declared.example)
    },
    threshold: { [side]: alert[side] for side in given(alert, ['above', 'below']) },
  }
