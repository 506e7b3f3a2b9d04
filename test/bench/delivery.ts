import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Account, BenchClient } from './client.ts';
import { holdSync } from './load.ts';

/** How late it may be before it counts as lost. */
const ARRIVES_WITHIN_MS = 30_000;
const POLL_MS = 10;

/** All of them hold /sync, and it is noted when each was given what was sent. */
export function heldByAll(client: BenchClient, members: readonly Account[]) {
  const sentAt = new Map<string, number>();
  let latencies: number[] = [];
  const told = (text: string) => {
    const now = performance.now();
    for (const [, name] of text.matchAll(/"body":"([0-9a-f-]{36}): /g)) {
      const at = sentAt.get(name!);
      if (at !== undefined) latencies.push(now - at);
    }
  };
  return {
    begin: () => holdSync(client, members, told),
    /** What was sent before counts no more. */
    take() {
      sentAt.clear();
      latencies = [];
    },
    async sends(send: (name: string) => Promise<unknown>) {
      const name = randomUUID();
      sentAt.set(name, performance.now());
      await send(name);
    },
    /** Milliseconds of each, ascending; throws where one is missing for long. */
    async allThere(): Promise<readonly number[]> {
      const wanted = sentAt.size * members.length;
      const last = performance.now() + ARRIVES_WITHIN_MS;
      while (latencies.length < wanted && performance.now() < last) await sleep(POLL_MS);
      if (latencies.length < wanted)
        throw new Error(`${wanted - latencies.length} of ${wanted} deliveries never came`);
      return latencies.toSorted((a, b) => a - b);
    },
  };
}
