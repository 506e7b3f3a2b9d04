import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { commitOf } from './commit-of.ts';
import { addUp, type Ran, type Sum, shown } from './sum.ts';
import { Workers } from './workers.ts';

// Seeds by the hundred thousand, and what became of them as JSON:
//   npm run simulate -- --into FILE [--from 1] [--count 1000000] [--workers 1] [--seconds 3600]
// Called again with the same FILE it goes on behind the last seed that ended, if it is of the same sources. A seed that is broken is named
// and ends nothing: `SEED=N npm test -- failover/core/simulation` tells one that is as by default; of the others `setting.ts` says what they have.

const { values } = parseArgs({
  options: {
    into: { type: 'string', default: join(tmpdir(), 'seeds.json') },
    from: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000000' },
    workers: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '3600' },
  },
});
const { into } = values;
/** Of each worker between two times that the sum is kept. */
const SEEDS_A_TURN = 20;

const from = given('from');
const end = from + given('count');
const stopAt = performance.now() + 1_000 * given('seconds');
const workers = new Workers(given('workers'));
let sum = begun();
while (sum.next < end && performance.now() < stopAt) sum = await turn(sum);
console.log(shown(sum));
await workers.end();
process.exitCode = sum.broken.length === 0 ? 0 : 1;

function given(name: 'from' | 'count' | 'workers' | 'seconds'): number {
  const number = Number(values[name]);
  // No seed at all would be told as none that is broken.
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`--${name} takes a whole number from 1 on, not "${values[name]}"`);
  return number;
}

function begun(): Sum {
  const commit = commitOf(join(import.meta.dirname, '../..'));
  const anew = { commit, from, next: from, simulatedMs: 0, acknowledged: 0, broken: [] };
  if (!existsSync(into)) return { ...anew, took: { seconds: 0, cpuSeconds: 0 } };
  const kept = JSON.parse(readFileSync(into, 'utf8')) as Sum;
  if (kept.commit !== commit || kept.from !== from)
    throw new Error(
      `${into} is of ${kept.commit} from ${kept.from}, not of ${commit} from ${from}`,
    );
  return kept;
}

async function turn(before: Sum): Promise<Sum> {
  const [began, cpuBefore] = [performance.now(), process.cpuUsage()];
  const ran: Ran = await workers.run(
    before.next,
    Math.min(end, before.next + workers.count * SEEDS_A_TURN),
  );
  const { user, system } = process.cpuUsage(cpuBefore);
  const seconds = (performance.now() - began) / 1_000;
  const after = addUp(before, ran, { seconds, cpuSeconds: (user + system) / 1_000_000 });
  for (const { seed, what } of ran.broken) console.log(`seed ${seed}: ${what}`);
  // Whoever kills it in the middle finds the one before.
  writeFileSync(`${into}.new`, `${JSON.stringify(after)}\n`);
  renameSync(`${into}.new`, into);
  if (Math.floor(after.next / 1_000) > Math.floor(before.next / 1_000)) console.log(shown(after));
  return after;
}
