import { parseArgs } from 'node:util';
import { checkCopy, checkOnce, checksOf } from './check-copy.ts';

const TEXT = { type: 'string' } as const;

/**
 * What Patroni runs when PostgreSQL has started (`on_start`): reads the whole copy, since no other end of PostgreSQL than a power
 * cut damages a page. Patroni ends it where PostgreSQL starts anew meanwhile, and runs another one. A program of its own: a
 * release of before would take it for a promotion.
 */
const { values } = parseArgs({ strict: false, options: { bin: TEXT, told: TEXT } });

await checkOnce(String(values.told), () => checkCopy(checksOf(String(values.bin))));
