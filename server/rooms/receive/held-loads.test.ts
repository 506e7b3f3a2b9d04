import { expect, test } from 'vitest';
import type { ServerName } from '../../protocol/identifiers.ts';
import { HELD_MAX, HeldLoads } from './held-loads.ts';

const server = (name: string) => name as ServerName;
const ONE = [{ bytes: 100 }];
const sized = (count: number) => Array.from({ length: count }, () => ONE[0]!);

test('what is held of rooms that were joined through one domain leaves three quarters to others', async () => {
  const at = loads();
  for (let roomNid = 1; roomNid <= 3; roomNid++)
    await at.held.take(
      { roomNid, server: server(`s${roomNid}.example.org`), through: server('a.evil.example') },
      sized(500),
    );
  const evil = { server: server('x.example'), through: server('b.evil.example') };
  at.stored.push({ ...evil, roomNid: 9, count: 990, bytes: 99_000 });
  at.passMs(60_000);
  expect(await at.held.take({ ...evil, roomNid: 10 }, ONE)).toEqual([true]);
  at.stored[0]!.count = HELD_MAX.ofDomain.count;
  at.passMs(60_000);
  expect(await at.held.take({ ...evil, roomNid: 10 }, ONE)).toEqual([false]);
  const good = { server: server('x.example'), through: server('good.example') };
  expect(await at.held.take({ ...good, roomNid: 11 }, ONE)).toEqual([true]);
});

test('two names of one domain leave half of a room to others', async () => {
  const at = loads();
  const by = (name: string) => ({ roomNid: 1, server: server(name), through: undefined });
  const many = sized(HELD_MAX.ofRoom.count / 2);
  expect(new Set(await at.held.take(by('a.evil.example'), many))).toEqual(new Set([true]));
  expect(new Set(await at.held.take(by('b.evil.example'), many))).toEqual(new Set([false]));
  expect(await at.held.take(by('other.example'), ONE)).toEqual([true]);
});

test('where nobody was joined through it is the domain of who brings it', async () => {
  const at = loads();
  const count = HELD_MAX.ofDomain.count;
  at.stored.push({ roomNid: 1, server: server('a.evil.example'), through: null, count, bytes: 1 });
  const by = (name: string) => ({ roomNid: 2, server: server(name), through: undefined });
  expect(await at.held.take(by('b.evil.example'), ONE)).toEqual([false]);
  expect(await at.held.take(by('good.example'), ONE)).toEqual([true]);
});

test('the table is read once in a while, and what is taken in between is counted', async () => {
  const at = loads();
  const who = { roomNid: 1, server: server('far.example'), through: undefined };
  const many = sized(HELD_MAX.ofDomainInRoom.count);
  expect(new Set(await at.held.take(who, many))).toEqual(new Set([true]));
  expect(await at.held.take(who, ONE)).toEqual([false]);
  expect(at.times()).toBe(1);
  at.held.less();
  expect(await at.held.take(who, ONE)).toEqual([false]);
  at.passMs(5_000);
  expect(await at.held.take(who, ONE)).toEqual([true]);
  expect(at.times()).toBe(2);
});

test('bytes are bounded as their number is', async () => {
  const at = loads();
  const who = { roomNid: 1, server: server('far.example'), through: undefined };
  const half = HELD_MAX.ofDomainInRoom.bytes / 2;
  const sizes = [half, half, 1].map((bytes) => ({ bytes }));
  expect(await at.held.take(who, sizes)).toEqual([true, true, false]);
});

test('what ends a stay has ten places of its own beyond each bound', async () => {
  const at = loads();
  const who = { roomNid: 1, server: server('far.example'), through: undefined };
  await at.held.take(who, sized(HELD_MAX.ofDomainInRoom.count));
  const ends = sized(11).map((size) => ({ ...size, hasOwnPlace: true }));
  const fit = await at.held.take(who, ends);
  expect(fit).toEqual([...Array<boolean>(10).fill(true), false]);
  expect(await at.held.take(who, ONE)).toEqual([false]);
});

function loads() {
  type Stored = { roomNid: number; server: ServerName; through: ServerName | null };
  const stored: (Stored & { count: number; bytes: number })[] = [];
  let [nowMs, times] = [1_000_000, 0];
  const store = {
    async heldLoads() {
      times += 1;
      return stored;
    },
  };
  return {
    stored,
    held: new HeldLoads(store, () => nowMs),
    passMs(ms: number) {
      nowMs += ms;
    },
    times: () => times,
  };
}
