import { expect, test } from 'vitest';
import { keyOf } from '../../../test/support/foreign-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { startWriter } from '../../../test/support/writer.ts';
import type { Event } from '../../protocol/event.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { publishedKeys } from '../../protocol/server-keys.ts';
import { signingKeyFromSeed } from '../../protocol/signing-keys.ts';
import { ServerUnreachable } from '../federation-client.ts';
import { EventKeys } from './event-keys.ts';
import { RemoteKeys } from './remote-keys.ts';

const rules = rulesOf('12')!;

test('the keys of all servers of a room are asked for, however many they are, and few at once', async () => {
  await using at = await world();
  const names = at.names(100);
  const find = await at.eventKeys.of(names.map(eventOf), rules);
  expect(names.filter((name) => !find(name, keyOf(name).keyId))).toEqual([]);
  expect(at.atOnceMax).toBeLessThanOrEqual(16);
});

test('several who ask for many at once all have them', async () => {
  await using at = await world();
  const names = at.names(60);
  const parts = [names.slice(0, 30), names.slice(30), names.slice(10, 50)];
  const found = await Promise.all(parts.map((each) => at.eventKeys.of(each.map(eventOf), rules)));
  for (const [index, find] of found.entries())
    for (const name of parts[index]!) expect(find(name, keyOf(name).keyId)).toBeDefined();
});

test('a server that is gone takes nobody else along', async () => {
  await using at = await world();
  const names = at.names(40);
  at.gone.add(names[3]!);
  const find = await at.eventKeys.of(names.map(eventOf), rules);
  expect(names.filter((name) => !find(name, keyOf(name).keyId))).toEqual([names[3]]);
});

const eventOf = (server: ServerName): Event =>
  ({
    ...{ sender: `@a:${server}`, type: 'm.room.message', content: {}, originServerTs: 1 },
    pdu: { signatures: { [server]: { [keyOf(server).keyId]: 'x' } } },
  }) as never;

/** Servers that publish the keys made of their names, each a while after it is asked. */
async function world() {
  const fresh = await freshDatabase();
  const writer = await startWriter(fresh.url);
  const now = () => 1_000_000_000;
  const gone = new Set<ServerName>();
  let [atOnce, atOnceMax] = [0, 0];
  const client = {
    async ask(server: ServerName) {
      atOnce += 1;
      atOnceMax = Math.max(atOnceMax, atOnce);
      await new Promise(setImmediate);
      atOnce -= 1;
      if (gone.has(server)) throw new ServerUnreachable('gone');
      return publishedKeys(server, keyOf(server), now() + 3_600_000);
    },
  };
  const remoteKeys = new RemoteKeys({
    stored: { lookUps: fresh.database, log: writer, now },
    client,
  });
  const signingKey = signingKeyFromSeed('ed25519:own', Buffer.alloc(32, 7));
  const self = { serverName: 'example.org' as ServerName, signingKey };
  return {
    eventKeys: new EventKeys({ self, remoteKeys, now }),
    gone,
    names: (count: number) =>
      Array.from({ length: count }, (_, index) => `s${index}.example` as ServerName),
    get atOnceMax() {
      return atOnceMax;
    },
    async [Symbol.asyncDispose]() {
      await writer.close();
      await fresh[Symbol.asyncDispose]();
    },
  };
}
