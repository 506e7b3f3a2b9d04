import { expect, test } from 'vitest';
import type { RoomId, ServerName, UserId } from '../../protocol/identifiers.ts';
import { Passages } from './passages.ts';

const [alice, bob, carol] = ['@alice:a', '@bob:a', '@carol:a'] as UserId[];
const roomOf = (name: string) => `!${name}:b` as RoomId;

test('a user comes in by one way at a time, and another user meanwhile', async () => {
  const passages = new Passages();
  const first = Promise.withResolvers<void>();
  const begun: string[] = [];
  const way = (userId: UserId, name: string, work = Promise.resolve()) =>
    passages.run({ userId, roomId: roomOf(name) }, async () => {
      begun.push(name);
      await work;
    });
  const waiting = [way(alice!, '1', first.promise), way(alice!, '2')];
  await way(bob!, '3');
  expect(begun).toEqual(['1', '3']);
  first.resolve();
  await Promise.all(waiting);
  expect(begun).toEqual(['1', '3', '2']);
});

test('five of one user, and twenty into one room, are all that may be under way', async () => {
  const passages = new Passages();
  const never = new Promise<void>(() => {});
  const way = (userId: string, name: string) =>
    passages.run({ userId: userId as UserId, roomId: roomOf(name) }, () => never);
  for (let count = 0; count < 5; count++) void way('@alice:a', `${count}`);
  await expect(way('@alice:a', '5')).rejects.toMatchObject(TOO_MANY);
  for (let count = 0; count < 20; count++) void way(`@user${count}:a`, 'full');
  await expect(way('@bob:a', 'full')).rejects.toMatchObject(TOO_MANY);
});

test('into one room who comes through another server is not behind all who come through a slow one', async () => {
  const passages = new Passages();
  const ends = new Map<string, () => void>();
  const begun: string[] = [];
  const come = (server: string, name: string) =>
    passages.inRoom(roomOf('r'), server as ServerName, () => {
      begun.push(name);
      return new Promise<void>((end) => void ends.set(name, end));
    });
  const all = [
    ...['1', '2', '3'].map((name) => come(`${name}.tarpit.org`, `slow ${name}`)),
    come('good.org', 'good'),
  ];
  for (const name of ['slow 1', 'slow 2', 'good', 'slow 3']) {
    await expect.poll(() => begun.at(-1)).toBe(name);
    ends.get(name)!();
  }
  await Promise.all(all);
});

test('what is large is entered by one after the other, in rounds of who enters it', async () => {
  const passages = new Passages();
  const ends: (() => void)[] = [];
  const entered: string[] = [];
  const large = (userId: UserId, name: string) =>
    passages.large(userId, async (enter) => {
      await enter();
      entered.push(name);
      await new Promise<void>((end) => ends.push(end));
    });
  const all = [large(alice!, '1'), large(alice!, '2'), large(bob!, '3'), large(carol!, '4')];
  for (let count = 1; count <= 4; count++) {
    await expect.poll(() => ends.length).toBe(count);
    expect(entered).toHaveLength(count);
    ends.at(-1)!();
  }
  await Promise.all(all);
  expect(entered).toEqual(['1', '2', '3', '4']);
});

test('who has no turn in time is told to come again, and is in nobody’s way', async () => {
  const passages = new Passages();
  const end = Promise.withResolvers<void>();
  const first = passages.large(alice!, (enter) => enter().then(() => end.promise));
  const late = passages.run({ userId: bob!, roomId: roomOf('r') }, () =>
    passages.large(bob!, (enter) => enter(), 1),
  );
  await expect(late).rejects.toMatchObject(TOO_MANY);
  end.resolve();
  await first;
  await passages.large(bob!, (enter) => enter());
});

const TOO_MANY = { status: 429, errcode: 'M_LIMIT_EXCEEDED' };
