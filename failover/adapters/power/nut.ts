import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { Power } from '../../core/view.ts';

export interface NutOptions {
  readonly host: string;
  readonly port: number;
  /** The name of the UPS at its upsd. */
  readonly ups: string;
}

const ANSWER_WITHIN_MS = 2_000;

/**
 * Asks a UPS for its status over the NUT protocol (RFC 9271). A driver that hangs, one that is just
 * starting, and an upsd that does not answer are all "unknown": never taken for mains, nor for a
 * battery.
 */
export async function readPower({ host, port, ups }: NutOptions): Promise<Power> {
  const socket = connect({ host, port });
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  try {
    await once(socket, 'connect', { signal });
    socket.write(`GET VAR ${ups} ups.status\n`);
    const [line] = (await once(createInterface({ input: socket }), 'line', { signal })) as [string];
    return powerFrom(line);
  } catch {
    return 'unknown';
  } finally {
    socket.destroy();
  }
}

/** `VAR ups1 ups.status "OB DISCHRG LB"`: a set of words, of which new ones may come. */
export function powerFrom(line: string): Power {
  const [, status] = /^VAR \S+ ups\.status "([^"]*)"$/.exec(line) ?? [];
  if (status === undefined) return 'unknown';
  const words = new Set(status.split(' '));
  // FSD: upsd has ordered the shutdown; how full the battery is does not matter any more.
  if (words.has('FSD') || (words.has('OB') && words.has('LB'))) return 'low';
  if (words.has('OB')) return 'battery';
  return words.has('OL') ? 'mains' : 'unknown';
}
