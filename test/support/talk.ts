import { setTimeout as sleep } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { JsonObject } from '../../server/protocol/json.ts';
import { pagedBack } from './two-servers.ts';

/** `PUT /rooms/…`, below /_matrix/client/v3. */
export type Ask = (call: string, body?: JsonObject) => Promise<JsonObject>;

/** Only what never comes is ended by it. */
const MORE_WITHIN_MS = 180_000;
/** Of a hundred events that wait in a room, Synapse throws all but the last away; others' wait beside these. */
const AHEAD_MAX = 30;

/**
 * Somebody who says one thing after the other, each until it is acknowledged, and waits while they are too far ahead of one of `listeners`.
 * What a Synapse has thrown away it asks the first other server of the room for, and is content with an answer from one that threw it away
 * as well: three that outrun each other do not come together again.
 */
export function talk(ask: Ask, room: string, who: string, listeners: readonly Onlooker[] = []) {
  const said: string[] = [];
  let isOver = false;
  let heard = 0;
  const talking = (async () => {
    while (!isOver) {
      if (said.length >= heard + AHEAD_MAX && listeners.length > 0) {
        const counts = await Promise.all(listeners.map((each) => heardBy(each, who)));
        heard = Math.max(heard, Math.min(...counts));
        if (said.length >= heard + AHEAD_MAX) {
          await sleep(500);
          continue;
        }
      }
      const body = `${who} ${said.length}`;
      const path = `/rooms/${room}/send/m.room.message/${who}${said.length}`;
      await ask(`PUT ${path}`, { msgtype: 'm.text', body });
      said.push(body);
      // Neither need outrun the other by thousands.
      await sleep(20);
    }
  })();
  talking.catch(() => {});
  return {
    /** Resolves when so much more is said. */
    async more(count: number): Promise<void> {
      const target = said.length + count;
      const reached = vi.waitFor(() => expect(said.length).toBeGreaterThanOrEqual(target), {
        timeout: MORE_WITHIN_MS,
      });
      await Promise.race([reached, talking]);
    },
    async end(): Promise<readonly string[]> {
      isOver = true;
      await talking;
      return said;
    },
  };
}

/** One who sees a room, and by whom they ask. */
export interface Onlooker {
  readonly who: string;
  readonly ask: Ask;
  readonly room: string;
}

/** How much of what `who` says they are shown: all pages are looked at, since others may have said a hundred things since. */
async function heardBy({ ask, room }: Onlooker, who: string): Promise<number> {
  const bodies = await seenBy(ask, room);
  return bodies.filter((body) => typeof body === 'string' && body.startsWith(`${who} `)).length;
}

/** Resolves when each sees all that was said, once each. Throws with what `told` answers where that does not come. */
export async function eachSeesOnce(
  onlookers: readonly Onlooker[],
  said: readonly string[],
  told: () => string = () => '',
): Promise<void> {
  const all = said.toSorted();
  for (const { who, ask, room } of onlookers)
    await vi
      .waitFor(async () => expect(await seenBy(ask, room)).toEqual(all), {
        ...{ interval: 500, timeout: MORE_WITHIN_MS },
      })
      .catch((cause: unknown) => {
        throw new Error(`${who} lacks something, or has it twice\n${told()}`, { cause });
      });
}

/** The bodies of all that somebody is shown of what was said in a room. */
export async function seenBy(ask: Ask, room: string): Promise<unknown[]> {
  const events = await pagedBack((query) => ask(`GET /rooms/${room}/messages?${query}`), 100);
  const messages = events.filter(({ type }) => type === 'm.room.message');
  return messages.map(({ content }) => (content as JsonObject).body).sort();
}
