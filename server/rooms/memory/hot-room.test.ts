import { expect, test } from 'vitest';
import type { RoomId } from '../../protocol/identifiers.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import type { StateChange } from '../store.ts';
import { HotRoom } from './hot-room.ts';

const LAST = 100;

test('changes of state that were read are kept, before those that came since', () => {
  const room = roomWith([1, 2]);
  room.apply(committed(101, 1));
  room.fillStateChanges([change(50, 2), change(90, 1), change(101, 1)], { after: 40, upTo: 101 });
  expect(positions(room)).toEqual([50, 90, 101]);
  expect(room.stateChangesAfter).toBe(40);
});

test.each<[string, StateChange[], { after: number; upTo: number }]>([
  ['that leave a gap to those in memory', [change(50, 1)], { after: 40, upTo: 99 }],
  ['that are in memory already', [], { after: LAST, upTo: 120 }],
  ['of a key that is no longer in the state', [change(50, 3)], { after: 40, upTo: 100 }],
  [
    'that are many',
    Array.from({ length: 65 }, (_, index) => change(index + 1, 1)),
    { after: 0, upTo: 100 },
  ],
])('changes %s are not kept', (_which, changes, range) => {
  const room = roomWith([1, 2]);
  room.fillStateChanges(changes, range);
  expect([positions(room), room.stateChangesAfter]).toEqual([[], LAST]);
});

const positions = (room: HotRoom) => room.stateChanges.map(({ position }) => position);

function change(position: number, keyNid: number): StateChange {
  return { position, keyNid, eventNid: position, replacedNid: null };
}

const committed = (position: number, keyNid: number) =>
  ({
    event: { nid: position, position, members: '', unsigned: '' },
    stateChanges: [
      { position, keyNid, eventNid: position, replacedNid: undefined, member: undefined },
    ],
    stateNid: position,
  }) as unknown as Parameters<HotRoom['apply']>[0];

const roomWith = (keys: number[]) =>
  new HotRoom({
    nid: 1,
    roomId: '!r:example.org' as RoomId,
    rules: rulesOf('12')!,
    state: new Map(keys.map((keyNid) => [keyNid, 1])),
    extremities: [],
    stateNid: 1,
    lastPosition: LAST,
    isCommitted: true,
  });
