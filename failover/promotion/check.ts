import { existsSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkCopy, checksOf, tellDamage } from './check-copy.ts';

const TEXT = { type: 'string' } as const;

/**
 * What Patroni runs when PostgreSQL has started (`on_start`): reads the whole copy, once since the machine started, by /run, and
 * again where it was damaged; no other end of PostgreSQL damages a page. Patroni ends it where PostgreSQL starts anew meanwhile,
 * and runs another one. A program of its own: a release of before would take it for a promotion.
 */
const { values } = parseArgs({ strict: false, options: { bin: TEXT, told: TEXT } });
const path = String(values.told);
const done = `${path}.done`;

if (!existsSync(done) || existsSync(path)) {
  await tellDamage(path, null);
  const damage = await checkCopy(checksOf(String(values.bin)));
  if (damage !== null) console.error(`The copy of the database here is damaged: ${damage}.`);
  await tellDamage(path, damage);
  writeFileSync(done, '');
}
