import type { Account, BenchClient } from './client.ts';

export interface Place {
  readonly roomId: string;
  readonly sender: Account;
  readonly members: readonly Account[];
}

export interface Result {
  readonly messages: number;
  readonly seconds: number;
  /** Milliseconds of each send, ascending. */
  readonly latencies: readonly number[];
}

/** As many rooms as senders, each with this many members; the senders are members of each other's. */
export async function makePlaces(
  client: BenchClient,
  senders: number,
  membersPerRoom: number,
): Promise<Place[]> {
  const count = Math.max(senders, membersPerRoom);
  const accounts = await mapSome(8, [...Array(count).keys()], (n) =>
    client.register(`u${senders}-${n}`),
  );
  return mapSome(8, accounts.slice(0, senders), async (sender, n) => {
    const roomId = await client.createRoom(sender);
    const others = Array.from(
      { length: membersPerRoom - 1 },
      (_, index) => accounts[(n + index + 1) % count]!,
    );
    for (const member of others) await client.join(roomId, member);
    return { roomId, sender, members: [sender, ...others] };
  });
}

/** Each sender sends the next message when the last is acknowledged, as people do. */
export async function sendFor(
  client: BenchClient,
  places: readonly Place[],
  seconds: number,
): Promise<Result> {
  const begin = performance.now();
  const end = begin + seconds * 1_000;
  const latencies: number[] = [];
  let number = 0;
  await Promise.all(
    places.map(async ({ roomId, sender }) => {
      for (let before = performance.now(); before < end; ) {
        number += 1;
        await client.send(roomId, `${begin}-${number}`, sender);
        const after = performance.now();
        latencies.push(after - before);
        before = after;
      }
    }),
  );
  const took = (performance.now() - begin) / 1_000;
  return { messages: latencies.length, seconds: took, latencies: latencies.sort((a, b) => a - b) };
}

export interface Watch {
  /** Events of type m.room.message that all members together were given. */
  readonly deliveries: () => number;
  stop(): Promise<void>;
}

/** Every member of every room holds /sync, and takes up the next one at once. */
export async function watch(client: BenchClient, places: readonly Place[]): Promise<Watch> {
  const members = new Map(
    places.flatMap((place) => place.members).map((member) => [member.userId, member]),
  );
  let deliveries = 0;
  const stop = await holdSync(client, [...members.values()], (text) => {
    deliveries += text.split('"m.room.message"').length - 1;
  });
  return { deliveries: () => deliveries, stop };
}

/** Each of them holds /sync, is told of each answer, and takes up the next one at once; answers how to end it. */
export async function holdSync(
  client: BenchClient,
  members: readonly Account[],
  told: (text: string) => void,
): Promise<() => Promise<void>> {
  const begun = await mapSome(8, members, async (member) => ({
    member,
    since: (await client.sync(member, undefined, 0)).next,
  }));
  let stopped = false;
  const loops = begun.map(async ({ member, since }) => {
    for (let token = since; !stopped; ) {
      const { text, next } = await client.sync(member, token, 1_000);
      told(text);
      token = next;
    }
  });
  return async () => {
    stopped = true;
    await Promise.all(loops);
  };
}

export async function mapSome<T, R>(
  atOnce: number,
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
