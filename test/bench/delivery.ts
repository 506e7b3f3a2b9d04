import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Account, BenchClient } from './client.ts';
import { HeldSync } from './held-sync.ts';
import { mapSome } from './load.ts';

/** How late it may be before it counts as lost. */
const ARRIVES_WITHIN_MS = 30_000;
const POLL_MS = 10;

/** All of them hold /sync, and it is noted when each was given what was sent. */
export function heldByAll(
  client: Pick<BenchClient, 'origin' | 'sync'>,
  members: readonly Account[],
) {
  const sentAt = new Map<string, number>();
  let latencies: number[] = [];
  let failure: Error | undefined;
  const told = (text: string, atMs: number) => {
    for (const [, name] of text.matchAll(/"body":"([0-9a-f-]{36}): /g)) {
      const at = sentAt.get(name!);
      if (at !== undefined) latencies.push(atMs - at);
    }
  };
  const failed = (error: Error) => {
    failure ??= error;
  };
  return {
    async begin() {
      const held = await mapSome(8, members, async (member) => {
        const each = new HeldSync(client.origin, member, { told, failed });
        await each.begin((await client.sync(member, undefined, 0)).next);
        return each;
      });
      return async () => {
        for (const each of held) each.end();
      };
    },
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
      while (latencies.length < wanted && performance.now() < last && !failure)
        await sleep(POLL_MS);
      if (failure) throw failure;
      if (latencies.length < wanted)
        throw new Error(`${wanted - latencies.length} of ${wanted} deliveries never came`);
      return latencies.toSorted((a, b) => a - b);
    },
  };
}
