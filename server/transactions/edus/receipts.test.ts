import { expect, test } from 'vitest';
import { NotWriter } from '../../log/log.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { takeReceipts } from './receipts.ts';

const origin = 'peer.org' as ServerName;
const readBy = (user: string): JsonObject => ({
  [`@${user}:peer.org`]: { event_ids: ['$e:peer.org'], data: { ts: 1 } },
});
const of = (user: string): JsonObject => ({ 'm.read': readBy(user) });

test('a receipt that cannot be committed is thrown to who waits, however long the next one takes', async () => {
  const unheard: unknown[] = [];
  const hear = (error: unknown) => void unheard.push(error);
  process.on('unhandledRejection', hear);
  const opened = Promise.withResolvers<undefined>();
  const sharedRooms = {
    open: (roomId: string) => (roomId === '!a:peer.org' ? Promise.resolve({}) : opened.promise),
  };
  const receipts = { put: () => Promise.reject(new NotWriter('demoted')) };
  const ports = { receipts, sharedRooms, now: () => 2 } as never;
  const taking = takeReceipts(ports, origin, [{ '!a:peer.org': of('a'), '!b:peer.org': of('b') }]);
  // A rejection that nobody hears of is told when the turn of the loop ends.
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  opened.resolve(undefined);
  await expect(taking).rejects.toThrow(NotWriter);
  process.off('unhandledRejection', hear);
  expect(unheard).toEqual([]);
});

test('a room that cannot be opened leaves no receipt without somebody who hears of its end', async () => {
  const unheard: unknown[] = [];
  const hear = (error: unknown) => void unheard.push(error);
  process.on('unhandledRejection', hear);
  const put = Promise.withResolvers<void>();
  const sharedRooms = {
    open: (roomId: string) =>
      roomId === '!a:peer.org' ? Promise.resolve({}) : Promise.reject(new Error('gone')),
  };
  const ports = { receipts: { put: () => put.promise }, sharedRooms, now: () => 2 } as never;
  const taking = takeReceipts(ports, origin, [{ '!a:peer.org': of('a'), '!b:peer.org': of('b') }]);
  await expect(taking).rejects.toThrow('gone');
  put.reject(new NotWriter('demoted'));
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', hear);
  expect(unheard).toEqual([]);
});

test('a room is opened once, however many receipts a transaction brings for it', async () => {
  const opened: string[] = [];
  const sharedRooms = { open: async (roomId: string) => ({ opened: opened.push(roomId) }) };
  const put: string[] = [];
  const receipts = { put: async (each: { userId: string }) => void put.push(each.userId) };
  const ports = { receipts, sharedRooms, now: () => 2 } as never;
  const both = { 'm.read': { ...readBy('a'), ...readBy('b') } };
  const contents = [{ '!a:peer.org': both, '!b:peer.org': of('c') }, { '!a:peer.org': of('d') }];
  await takeReceipts(ports, origin, contents);
  expect(opened).toEqual(['!a:peer.org', '!b:peer.org']);
  expect(put.sort()).toEqual(['@a:peer.org', '@b:peer.org', '@c:peer.org', '@d:peer.org']);
});
