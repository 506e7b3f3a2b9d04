import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { notNoticedBy } from './seeds-in.ts';

// A child of seeds-in.ts: runs seeds against the sources in a folder until one is broken, and says which.

const [, , folder = '.', seeds = '100'] = process.argv;
const path = join(resolve(folder), 'failover/core/simulation/simulate.ts');
const { simulate } = await import(pathToFileURL(path).href);
let found: string | null = null;
for (let seed = 1; found === null && seed <= Number(seeds); seed++) {
  // Each third as it is by default, with the third fence, with failsafe.
  const setting = { seed, thirdFence: seed % 3 === 1, failsafe: seed % 3 === 2 };
  try {
    const { broken } = simulate(setting);
    if (broken !== null) found = `seed ${seed}: ${broken}`;
  } catch (error) {
    found = `throws: at seed ${seed}, ${error}`;
  }
  process.send?.(seed);
}
console.log((found ?? notNoticedBy(Number(seeds))).split('\n')[0]);
