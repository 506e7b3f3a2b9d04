import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

// A child of notice.ts: runs seeds against the sources in a folder until one is broken, and says which.

const [, , folder = '.', seeds = '100'] = process.argv;
const path = join(resolve(folder), 'failover/core/simulation/simulate.ts');
const { simulate } = await import(pathToFileURL(path).href);
let broken: string | null = null;
let seed = 0;
while (broken === null && ++seed <= Number(seeds)) {
  // Each third as it is by default, with the third fence, with failsafe.
  const setting = { seed, thirdFence: seed % 3 === 1, failsafe: seed % 3 === 2 };
  try {
    broken = simulate(setting).broken;
  } catch (error) {
    broken = `it throws ${error}`;
  }
  process.send?.(seed);
}
console.log(broken === null ? '' : `seed ${seed}: ${broken}`);
