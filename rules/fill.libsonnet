// Named substitution of strings: fill('rate(x[%(window)s])', { window: '5m' }). The operator % does the same, but
// character by character: it takes seconds for all the rules.
function(text, names)
  std.foldl(
    function(filled, name) std.strReplace(filled, '%(' + name + ')s', names[name]),
    [name for name in std.objectFields(names) if std.isString(names[name])],
    text
  )
