// How fast an error budget may burn: Google SRE workbook, chapter 5, "Alerting on SLOs".
//
// A tier allows `budget` of the error budget to be spent within its long window. Spending it evenly over the period
// would be factor 1, so factor = budget * period / long, and the threshold of the error ratio is
// factor * (1 - target). An error ratio is at most 1: a threshold of 1 or more can never be passed.
local durations = import 'durations.libsonnet';

{
  // The tiers of an objective from fast to slow, each with name, factor, threshold and reachable.
  all(config, objective)::
    local chosen = std.get(objective, 'tiers', null);
    local period = durations.seconds(objective.period);
    local tier(name) =
      local given = config.burn_tiers[name];
      local long = durations.seconds(given.long);
      local factor = given.budget * period / long;
      // Nine digits: 14.4 * 0.01 is 0.14400000000000002 in floating point, and nobody could test that boundary.
      local threshold = std.parseJson(durations.decimal(factor * (1 - objective.target)));
      local short = durations.seconds(given.short);
      local windows = { short: durations.text(short), long: durations.text(long) };
      given {
        name: name,
        seconds: { short: short, long: long },
        short: windows.short,
        long: windows.long,
        factor: factor,
        threshold: threshold,
        reachable: threshold < 1,
      };
    std.sort(
      [
        tier(name)
        for name in std.objectFields(config.burn_tiers)
        if chosen == null || std.member(chosen, name)
      ],
      function(tier) tier.seconds.long
    ),

  // Those that can fire; the build names the others.
  tiers(config, objective):: [tier for tier in self.all(config, objective) if tier.reachable],

  // The distinct windows of these tiers and the given further ones, shortest first.
  windows(tiers, more=[])::
    local all = [{ text: tier[side], seconds: tier.seconds[side] } for tier in tiers for side in ['short', 'long']]
                + [{ text: durations.canonical(window), seconds: durations.seconds(window) } for window in more];
    local seconds(window) = window.seconds;
    [window.text for window in std.uniq(std.sort(all, seconds), seconds)],

  // Events that a window must hold before it means anything.
  minimum(objective):: std.get(objective, 'minimum', 60),

  // Whether the events are what users do; the others are scrapes, which come whether anybody is there or not.
  counts_events(objective):: std.member(['request_errors', 'ratio', 'latency'], objective.sli.kind),

  // The job that an objective is measured on.
  job(config, objective):: config.scrape.jobs[std.get(objective.sli, 'job', 'application')].job,

  // The labels that identify an objective's series.
  selector(config, name)::
    'job="%s", service="%s", slo="%s"' % [self.job(config, config.objectives[name]), config.service, name],
}
