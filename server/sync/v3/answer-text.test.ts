import { expect, test } from 'vitest';
import type { RoomId } from '../../protocol/identifiers.ts';
import { AS_TEXT, answerPieces, type SyncAnswer } from './answer-text.ts';

test('an answer of many rooms is cut into pieces, which together are one JSON text', () => {
  const text = AS_TEXT.invited([JSON.stringify({ body: 'x'.repeat(5_000) })]);
  const rooms = (count: number, kind: string) =>
    new Map(
      Array.from({ length: count }, (_, at) => [`!${kind}${at}:example.org` as RoomId, text]),
    );
  const pieces = answerPieces({
    ...NOTHING,
    rooms: {
      join: rooms(150, 'join'),
      leave: rooms(1, 'leave'),
      invite: new Map(),
      knock: rooms(100, 'knock'),
    },
  });
  expect(pieces.length).toBeGreaterThan(3);
  for (const piece of pieces) expect(piece.length).toBeLessThan(300_000);
  const { rooms: told, ...rest } = JSON.parse(pieces.join(''));
  expect(Object.keys(told)).toEqual(['join', 'knock', 'leave']);
  expect(Object.keys(told.join)).toEqual([...rooms(150, 'join').keys()]);
  expect(Object.keys(told.knock)).toHaveLength(100);
  expect(told.leave).toEqual({ '!leave0:example.org': JSON.parse(text) });
  expect(rest).toMatchObject({ next_batch: 's1', device_one_time_keys_count: {} });
});

test('an answer without news is one piece, and names no rooms', () => {
  const [piece, ...more] = answerPieces(NOTHING);
  expect(more).toEqual([]);
  expect(JSON.parse(piece!)).toEqual({
    next_batch: 's1',
    device_one_time_keys_count: { signed_curve25519: 0 },
    device_unused_fallback_key_types: [],
  });
});

const NOTHING: SyncAnswer = {
  nextBatch: 's1',
  rooms: { join: new Map(), leave: new Map(), invite: new Map(), knock: new Map() },
  presence: [],
  accountData: [],
  toDevice: [],
  deviceLists: { changed: [], left: [] },
  keyCounts: { oneTime: {}, unusedFallback: [] },
};
