import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { simulate } from '../../failover/core/simulation/simulate.ts';
import { settingOf } from './setting.ts';

// A line for each seed: its number, and a hash of all that it did. What only makes the simulation faster changes none of them:
//   node test/simulation/traces.ts [--from 1] [--count 200]

const { values } = parseArgs({
  options: { from: { type: 'string', default: '1' }, count: { type: 'string', default: '200' } },
});
const [from, count] = [Number(values.from), Number(values.count)];
for (let seed = from; seed < from + count; seed++) {
  const told = JSON.stringify(simulate(settingOf(seed)));
  console.log(`${seed} ${createHash('sha256').update(told).digest('hex').slice(0, 16)}`);
}
