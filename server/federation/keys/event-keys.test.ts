import { expect, onTestFinished, test, vi } from 'vitest';
import { keyOf } from '../../../test/support/foreign-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { startWriter } from '../../../test/support/writer.ts';
import type { Event } from '../../protocol/event.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { publishedKeys } from '../../protocol/server-keys.ts';
import { signingKeyFromSeed, verifyKeyFrom } from '../../protocol/signing-keys.ts';
import { type FederationRequest, ServerUnreachable } from '../federation-client.ts';
import { EventKeys } from './event-keys.ts';
import { RemoteKeys } from './remote-keys.ts';

const rules = rulesOf('12')!;
const OWN = 'example.org' as ServerName;
const [CURRENT, BEFORE] = [
  signingKeyFromSeed('ed25519:own', Buffer.alloc(32, 7)),
  signingKeyFromSeed('ed25519:before', Buffer.alloc(32, 8)),
];

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

test('our own keys are asked of nobody: the current one, and one of before with its end', async () => {
  await using at = await world();
  const find = await at.eventKeys.of([eventOf(OWN)], rules);
  for (const { keyId, publicKey } of [CURRENT, BEFORE])
    expect(find(OWN, keyId)?.key).toBe(verifyKeyFrom(publicKey));
  expect(find(OWN, CURRENT.keyId)?.expiredTs).toBeUndefined();
  expect(find(OWN, BEFORE.keyId)?.expiredTs).toBe(5_000);
  expect(find(OWN, 'ed25519:never')).toBeUndefined();
  expect([...at.asked.keys()]).toEqual([]);
});

test('a server that is gone takes nobody else along', async () => {
  await using at = await world();
  const names = at.names(40);
  at.gone.add(names[3]!);
  const find = await at.eventKeys.of(names.map(eventOf), rules);
  expect(names.filter((name) => !find(name, keyOf(name).keyId))).toEqual([names[3]]);
});

test('of servers that are gone the keys are had from a notary, and believed for this once', async () => {
  await using at = await world();
  const names = at.names(120);
  for (const name of names) at.gone.add(name);
  const find = await at.eventKeys.of(names.map(eventOf), rules, NOTARY);
  expect(names.filter((name) => !find(name, keyOf(name).keyId))).toEqual([]);
  expect(at.askedNotary).toBe(3);
  const again = await at.eventKeys.of([eventOf(names[0]!)], rules);
  expect(again(names[0]!, keyOf(names[0]!).keyId)).toBeUndefined();
});

test('the notaries of the operator are asked in their order, each for what is still missing, and behind them the server of the room', async () => {
  await using at = await world({ notaries: ['first.example', 'second.example'] });
  const names = at.names(3) as [ServerName, ServerName, ServerName];
  for (const name of names) at.gone.add(name);
  at.knownTo.set('first.example', [names[0]]);
  at.knownTo.set('second.example', [names[0], names[1]]);
  const find = await at.eventKeys.of(names.map(eventOf), rules, NOTARY);
  expect(names.filter((name) => !find(name, keyOf(name).keyId))).toEqual([]);
  expect(at.askedOfNotaries).toEqual([
    ['first.example', names],
    ['second.example', names.slice(1)],
    [NOTARY, names.slice(2)],
  ]);
});

test('one notary that is gone leaves it to the others, and where all is known none is asked', async () => {
  await using at = await world({ notaries: ['first.example', NOTARY] });
  const [here, gone] = at.names(2) as [ServerName, ServerName];
  at.gone.add('first.example' as ServerName);
  await at.eventKeys.of([eventOf(here)], rules, NOTARY);
  expect(at.askedOfNotaries).toEqual([]);
  at.gone.add(gone);
  const find = await at.eventKeys.of([eventOf(gone)], rules, NOTARY);
  expect(find(gone, keyOf(gone).keyId)).toBeDefined();
  expect(at.askedOfNotaries.map(([notary]) => notary)).toEqual(['first.example', NOTARY]);
});

test('notaries that hang leave the server of the room its part of the time', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const hanging = ['first.example', 'second.example', 'third.example'] as ServerName[];
  await using at = await world({ notaries: hanging });
  const [gone] = at.names(1) as [ServerName];
  for (const server of [gone, ...hanging]) at.gone.add(server);
  for (const notary of hanging) at.hangs.add(notary);
  const find = await at.eventKeys.of([eventOf(gone)], rules, NOTARY);
  expect(at.askedOfNotaries.map(([notary]) => notary)).toEqual([...hanging, NOTARY]);
  expect(find(gone, keyOf(gone).keyId)).toBeDefined();
});

test('events of rooms that are not joined are no reason to ask a notary', async () => {
  await using at = await world({ notaries: ['first.example'] });
  const [gone] = at.names(1) as [ServerName];
  at.gone.add(gone);
  await at.eventKeys.of([eventOf(gone)], rules);
  expect(at.askedOfNotaries).toEqual([]);
});

test('a notary is not asked for keys that are there, nor believed in those that nobody signed', async () => {
  await using at = await world();
  const [here, gone] = at.names(2) as [ServerName, ServerName];
  await at.eventKeys.of([eventOf(here)], rules, NOTARY);
  expect(at.askedNotary).toBe(0);
  at.gone.add(gone);
  at.forged = true;
  const find = await at.eventKeys.of([eventOf(gone)], rules, NOTARY);
  expect([at.askedNotary, find(gone, keyOf(gone).keyId)]).toEqual([1, undefined]);
});

test('of a server that answers no notary is believed in a key that it does not name itself', async () => {
  await using at = await world();
  const [here, gone] = at.names(2) as [ServerName, ServerName];
  at.gone.add(gone);
  const forged = { ...eventOf(here), pdu: { signatures: { [here]: { 'ed25519:forged': 'x' } } } };
  await at.eventKeys.of([forged as never, eventOf(gone)], rules, NOTARY);
  expect(at.toldByNotary).toEqual([gone]);
});

test('of a room the keys of many servers are asked for at once, of other events of few', async () => {
  await using at = await world();
  const names = at.names(200);
  const asked = async (some: readonly ServerName[], count: number, notary?: ServerName) => {
    const goOn = at.hold();
    const found = at.eventKeys.of(some.map(eventOf), rules, notary);
    await expect.poll(() => at.atOnceMax).toBe(count);
    goOn();
    await found;
    expect(at.atOnceMax).toBe(count);
  };
  await asked(names.slice(0, 50), 12);
  await asked(names.slice(50), 90, NOTARY);
});

test('whoever has signed most is asked first, and of a room nobody is waited for as long', async () => {
  await using at = await world();
  const [first, ...names] = at.names(100) as [ServerName, ...ServerName[]];
  const goOn = at.hold();
  const found = at.eventKeys.of([first, first, ...names].map(eventOf), rules, NOTARY);
  await expect.poll(() => at.asked.size).toBe(90);
  expect(at.asked.get(first)).toBe(5_000);
  goOn();
  await found;
  const other = 'other.example' as ServerName;
  await at.eventKeys.of([eventOf(other)], rules);
  expect(at.asked.get(other)).toBe(10_000);
});

const NOTARY = 'notary.example' as ServerName;

const eventOf = (server: ServerName): Event =>
  ({
    ...{ sender: `@a:${server}`, type: 'm.room.message', content: {}, originServerTs: 1 },
    pdu: { signatures: { [server]: { [keyOf(server).keyId]: 'x' } } },
  }) as never;

/** Servers that publish the keys made of their names, each a while after it is asked. */
async function world({ notaries = [] }: { notaries?: string[] } = {}) {
  const fresh = await freshDatabase();
  const writer = await startWriter(fresh.url);
  const now = () => 1_000_000_000;
  const gone = new Set<ServerName>();
  /** Of those that are gone: they are waited for as long as they are given. */
  const hangs = new Set<ServerName>();
  let [atOnce, atOnceMax] = [0, 0];
  let held: Promise<void> | undefined;
  /** How long each may take to answer. */
  const asked = new Map<ServerName, number | undefined>();
  let [askedNotary, forged] = [0, false];
  const toldByNotary: string[] = [];
  const askedOfNotaries: [notary: string, servers: string[]][] = [];
  /** All of them, where nothing is said of the notary. */
  const knownTo = new Map<string, string[]>();
  const keysBy = (server: ServerName) =>
    publishedKeys(server, { current: keyOf(server), old: [] }, now() + 3_600_000);
  const client = {
    async ask(server: ServerName, { content, answersWithinMs }: FederationRequest) {
      if (content !== undefined) {
        const names = Object.keys((content as { server_keys: object }).server_keys);
        askedOfNotaries.push([server, names]);
        if (hangs.has(server)) vi.advanceTimersByTime(answersWithinMs!);
        if (gone.has(server)) throw new ServerUnreachable('gone');
        if (server === NOTARY) askedNotary += 1;
        toldByNotary.push(...names);
        const known = names.filter((name) => knownTo.get(server)?.includes(name) ?? true);
        const told = known.map((each) => keysBy(each as ServerName));
        return { server_keys: told.map((each) => (forged ? { ...each, signatures: {} } : each)) };
      }
      asked.set(server, answersWithinMs);
      atOnce += 1;
      atOnceMax = Math.max(atOnceMax, atOnce);
      await new Promise(setImmediate);
      await held;
      atOnce -= 1;
      if (gone.has(server)) throw new ServerUnreachable('gone');
      return keysBy(server);
    },
  };
  const remoteKeys = new RemoteKeys({
    stored: { lookUps: fresh.database, log: writer, now },
    client,
  });
  const ownKeys = { current: CURRENT, old: [{ ...BEFORE, expiredTs: 5_000 }] };
  const self = { serverName: OWN, ownKeys };
  return {
    eventKeys: new EventKeys({
      ...{ self, remoteKeys, client, now },
      notaries: notaries as ServerName[],
    }),
    gone,
    hangs,
    asked,
    toldByNotary,
    askedOfNotaries,
    knownTo,
    /** Nobody answers before what it gives is called. */
    hold(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
    get askedNotary() {
      return askedNotary;
    },
    set forged(isForged: boolean) {
      forged = isForged;
    },
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
