// Durations of the policy ("90s", "1h30m") as seconds and back, and figures as text.
local units = [['d', 86400], ['h', 3600], ['m', 60], ['s', 1], ['ms', 0.001]];
local size = { y: 31536000, w: 604800, d: 86400, h: 3600, m: 60, s: 1, x: 0.001 };  // x: milliseconds, one letter

// "1h30m500ms" -> ["1h", "30m", "500x"]
local parts(text) =
  local marked = std.foldl(
    function(marked, unit) std.strReplace(marked, unit, unit + ' '),
    std.objectFields(size),
    std.strReplace(text, 'ms', 'x')
  );
  [part for part in std.split(marked, ' ') if part != ''];

local one(part, whole) =
  local unit = part[std.length(part) - 1];
  if std.objectHas(size, unit) then std.parseInt(std.substr(part, 0, std.length(part) - 1)) * size[unit]
  else if whole == '0' then 0
  else error 'not a duration: ' + whole;

// A number in decimal digits: nine behind the point for small ones, three for large ones, which floating point still
// holds exactly. Not `%g`: implementations of jsonnet differ in it, and one writes 0.09999999999999998 as 0.01.
local decimal(number) =
  local digits = if std.abs(number) < 1000 then 9 else 3;
  local scale = std.pow(10, digits);
  local scaled = std.round(std.abs(number) * scale);
  local whole = std.floor(scaled / scale);
  // Not std.rstripChars nor a slice: they copy the text character by character.
  local fraction = std.substr(std.toString(scale + scaled - whole * scale), 1, digits);
  local end(length) = if length > 0 && fraction[length - 1] == '0' then end(length - 1) else length;
  local rest = std.substr(fraction, 0, end(digits));
  (if number < 0 then '-' else '') + whole + (if rest == '' then '' else '.' + rest);

{
  decimal:: decimal,

  // Seconds of a duration; a bare number is taken as seconds.
  seconds(value)::
    if std.isNumber(value) then value else std.sum([one(part, value) for part in parts(value)]),

  // The text Prometheus understands: 5400 -> "1h30m", 0.5 -> "500ms". Weeks and years become days.
  text(seconds)::
    local take(state, unit) =
      local count = std.floor((state.rest + 0.0005) / unit[1]);
      if count < 1 then state
      else { out: state.out + count + unit[0], rest: state.rest - count * unit[1] };
    local taken = std.foldl(take, units, { out: '', rest: seconds });
    if taken.out == '' then '0s' else taken.out,

  // One spelling for one length: "24h" -> "1d".
  canonical(value):: self.text(self.seconds(value)),

  // A threshold as PromQL: a duration in seconds, a number as it was written.
  figure(value):: decimal(self.seconds(value)),
}
