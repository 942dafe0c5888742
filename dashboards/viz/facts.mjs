// Writes down what Grafana's own code knows and Python must know too: its unit ids, and how it rounds intervals.
// Run by `npm run facts` after a change of version; both files are committed.
import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';

globalThis.navigator ??= { userAgent: 'node', platform: 'linux', language: 'en', languages: ['en'] };
const require = createRequire(import.meta.url);
const { getValueFormats, rangeUtil } = require('@grafana/data');

const units = getValueFormats().flatMap((group) => group.submenu.map((format) => format.value));
writeFileSync(new URL('../schema/units.json', import.meta.url), JSON.stringify([...new Set(units)].sort(), null, 1) + '\n');

// [first milliseconds that are rounded to it, rounded milliseconds]
const day = 86_400_000;
const steps = [];
for (let low = 1; low <= 365 * day; ) {
  const value = rangeUtil.roundInterval(low);
  steps.push([low, value]);
  let [same, other] = [low, 366 * day];
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (rangeUtil.roundInterval(middle) === value) same = middle;
    else other = middle;
  }
  low = other;
}
writeFileSync(new URL('../live/intervals.json', import.meta.url), '[\n' + steps.map((s) => ' ' + JSON.stringify(s)).join(',\n') + '\n]\n');
console.log(`${new Set(units).size} units, ${steps.length} intervals`);
