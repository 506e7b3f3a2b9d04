import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Machine } from '../../core/view.ts';

/**
 * Which machine this is, and which start of it. A clone often has its origin's machine-id, but network
 * cards of its own; a container has no cards, but a name. A start of a container is that of its first process.
 */
export function machine(root = '/'): Machine {
  const text = (path: string): string =>
    existsSync(`${root}${path}`) ? readFileSync(`${root}${path}`, 'latin1').trim() : '';
  const cards = `${root}sys/class/net`;
  const names = existsSync(cards) ? readdirSync(cards).sort() : [];
  const real = names.filter((name) => existsSync(`${cards}/${name}/device`));
  const addresses = real.map((name) => text(`sys/class/net/${name}/address`));
  const bootId = text('proc/sys/kernel/random/boot_id');
  return {
    machine: short([text('etc/machine-id'), hostname(), ...addresses.sort()]),
    boot: short([bootId, startOf(text('proc/1/stat'))]),
  };
}

/** Of a process, in ticks since the kernel began; its name may have spaces and brackets. */
function startOf(stat: string): string {
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return afterName[19] ?? '';
}

const short = (parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12);
