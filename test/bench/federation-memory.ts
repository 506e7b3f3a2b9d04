import { Destination } from '../../server/federation/sending/destination.ts';
import {
  type Beginning,
  DESTINATION_BOUNDS,
  type DestinationPorts,
} from '../../server/federation/sending/destination-ports.ts';
import type { ServerName } from '../../server/protocol/identifiers.ts';
import { nameOf } from './federation-wishes.ts';

const COUNT = 10_000;
const IDLE: Beginning = {
  ...{ failures: 0, retryAtMs: 0 },
  ...{ isKnown: true, isBehind: false, hasPost: false, isGreeted: false },
};

/** Of one for which nothing waits, with its entry in a map. Needs `--expose-gc`. */
export function idleDestinationBytes(): number {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (!collect) throw new Error('Run this with node --expose-gc');
  const ports = { post: {}, bounds: DESTINATION_BOUNDS, now: Date.now } as DestinationPorts;
  const all = new Map<ServerName, Destination>();
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < COUNT; index++) {
    const name = nameOf(index) as ServerName;
    all.set(name, new Destination(name, ports, IDLE));
  }
  collect();
  return Math.round((process.memoryUsage().heapUsed - before) / all.size);
}
