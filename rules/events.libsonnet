// What an objective counts, by the `kind` of its `sli`: expressions of the bad and of all events within a window.
//
//   request_errors  the application's answers; 5xx are bad
//   ratio           a counter; series that match `bad` are bad
//   latency         a histogram; what took longer than `within` is bad. `within` must be one of its buckets
//   availability    samples of a gauge that says 1 or 0; 0 is bad
//   freshness       samples of an age in seconds; older than `within` is bad
//
// The last two have `samples`: recorded at each evaluation and then summed over the window, so that a long window costs
// no more than a short one.
local durations = import 'durations.libsonnet';

local pattern(value) = std.length([c for c in std.stringChars(value) if std.member('|.*+[(', c)]) > 0;
// PromQL reads a quoted text as JSON does: a quote in a value, or a backslash in a pattern, is escaped.
local matcher(label, value) = ', %s%s%s' % [label, if pattern(value) then '=~' else '=', std.escapeStringJson(value)];
local matchers(labels) = std.join('', [matcher(label, labels[label]) for label in std.objectFields(labels)]);
local selector(metric, job, labels={}) = '%s{job="%s"%s}' % [metric, job, matchers(labels)];

local increase(selected) = 'sum by (job) (increase(%s[%%(window)s]))' % selected;
// Without a single bad event there is no such series yet: then it is 0, not nothing.
local counted(bad, total) = {
  bad: increase(bad) + '\nor\n0 * ' + increase(total),
  total: increase(total),
};
local sampled(bad, all) = {
  samples: { bad: 'count by (job) (%s)\nor\n0 * count by (job) (%s)' % [bad, all], all: 'count by (job) (%s)' % all },
  bad: 'sum_over_time(slo:samples_bad:count{%(selector)s}[%(window)s])',
  total: 'sum_over_time(slo:samples:count{%(selector)s}[%(window)s])',
};

{
  request_errors(sli, job, application)::
    local all = selector(application.requests, job);
    counted(selector(application.requests, job, { [application.status_label]: '5..' }), all),

  ratio(sli, job, application)::
    local labels = std.get(sli, 'where', {});
    counted(selector(sli.metric, job, labels + sli.bad), selector(sli.metric, job, labels)),

  latency(sli, job, application)::
    local metric = std.get(sli, 'metric', application.duration);
    local labels = std.get(sli, 'where', {});
    local within = durations.figure(sli.within);
    // Some clients write 2, others 2.0.
    local bound = if std.length(std.findSubstr('.', within)) > 0 then '=' else '=~';
    local le = ', le%s"%s"' % [bound, within + if bound == '=' then '' else '([.]0)?'];
    local fast = '%s_bucket{job="%s"%s%s}' % [metric, job, matchers(labels), le];
    local all = increase(selector(metric + '_count', job, labels));
    { bad: 'clamp_min(\n  %s\n-\n  %s,\n0)' % [all, increase(fast)], total: all },

  availability(sli, job, application)::
    local all = selector(std.get(sli, 'metric', 'up'), job, std.get(sli, 'where', {}));
    sampled(all + ' == 0', all),

  freshness(sli, job, application)::
    local all = selector(sli.metric, job, std.get(sli, 'where', {}));
    sampled(all + ' > ' + durations.figure(sli.within), all),
}
