import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { notNoticedBy } from './seeds-in.ts';
import { settingOf } from './setting.ts';

// A child of seeds-in.ts: runs seeds against the sources in a folder until one is broken, and says which.

const [, , folder = '.', seeds = '100'] = process.argv;
const path = join(resolve(folder), 'failover/core/simulation/simulate.ts');
const { simulate } = await import(pathToFileURL(path).href);
let found: string | null = null;
for (let seed = 1; found === null && seed <= Number(seeds); seed++) {
  try {
    const { broken } = simulate(settingOf(seed));
    if (broken !== null) found = `seed ${seed}: ${broken}`;
  } catch (error) {
    found = `throws: at seed ${seed}, ${error}`;
  }
  process.send?.(seed);
}
console.log((found ?? notNoticedBy(Number(seeds))).split('\n')[0]);
