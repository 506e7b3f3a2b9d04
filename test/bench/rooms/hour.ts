import type { BenchClient } from '../client.ts';
import { mapSome } from '../load.ts';
import type { People, UsedRoom } from './people.ts';
import { shuffled } from './shuffled.ts';

/** Of those who use the rooms in one round: how many at once, begin on a new device, and scroll back. */
const AT_ONCE = 64;
const NEW_DEVICES = 1 / 200;
const SCROLL_BACK = 1 / 20;

/**
 * What people do in an hour, as fast as the server can: all hold /sync; in each room there is a message
 * a round, which the other member marks as read; some scroll back, and some begin on a new device. How
 * many messages that were.
 */
export async function spend(client: BenchClient, people: People, rounds: number): Promise<number> {
  await using _syncs = holdSyncs(client, people);
  for (let round = 0; round < rounds; round++) {
    const newcomers = shuffled(people.accounts).slice(0, people.accounts.length * NEW_DEVICES);
    await Promise.all([
      mapSome(AT_ONCE, shuffled(people.rooms), (room) => useRoom(client, people, room)),
      mapSome(1, newcomers, async (each) => client.sync(await client.logIn(each), undefined, 0)),
    ]);
  }
  if (repeated > 0) console.log(`${repeated} requests were repeated`);
  return rounds * people.rooms.length;
}

let sent = 0;

async function useRoom(client: BenchClient, { accounts }: People, { roomId, members }: UsedRoom) {
  const [writer, reader] = shuffled(members).map((number) => accounts[number]!);
  const txnId = `${process.pid}-${Date.now()}-${sent++}`;
  const { event_id } = await insisting(() => client.send(roomId, txnId, writer!));
  await insisting(() => client.markRead(roomId, event_id, reader!));
  if (Math.random() < SCROLL_BACK) await insisting(() => client.scrollBack(roomId, reader!));
}

let repeated = 0;
const ATTEMPTS_MAX = 10;

/** As clients do: at the begin all come at once, and some may be told to come again. */
async function insisting<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++)
    try {
      return await ask();
    } catch (error) {
      if (attempts === ATTEMPTS_MAX) throw error;
      repeated++;
    }
}

/** Leaves in `people.since` how far everybody came. */
function holdSyncs(client: BenchClient, { accounts, since }: People) {
  let stopped = false;
  const loops = accounts.map(async (account, number) => {
    while (!stopped) {
      const { next } = await insisting(() => client.sync(account, since[number], 30_000));
      since[number] = next;
    }
  });
  return {
    async [Symbol.asyncDispose]() {
      stopped = true;
      await Promise.all(loops);
    },
  };
}
