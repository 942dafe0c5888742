// Named substitution of strings: fill('rate(x[%(window)s])', { window: '5m' }). The operator % does the same, but
// character by character: it takes seconds for all the rules.
//
// A field is evaluated at each use, the element of an array once: who fills many texts with the same names gives them
// as pairs, [['window', '5m']].
function(text, names)
  local pairs =
    if std.isArray(names) then names
    else [[name, names[name]] for name in std.objectFields(names) if std.isString(names[name])];
  std.foldl(function(filled, pair) std.strReplace(filled, '%(' + pair[0] + ')s', pair[1]), pairs, text)
