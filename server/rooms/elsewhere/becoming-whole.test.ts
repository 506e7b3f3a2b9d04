import { expect, onTestFinished, test, vi } from 'vitest';
import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import type { Building } from '../write/building.ts';
import { BecomingWhole } from './becoming-whole.ts';
import { NotUsable } from './try-servers.ts';

const ROOM = '!room:good.org' as RoomId;
const [good, slow] = ['good.org', 'slow.org'] as [ServerName, ServerName];
const MINUTE_MS = 60_000;

test('a server of the room that speaks all the time, and answers slowly, keeps no other from being asked', async () => {
  const { asked, start, after } = partialRoom();
  start();
  await after(60, [slow]);
  const times = (server: ServerName) => asked.filter(({ who }) => who === server).length;
  expect(times(good)).toBeGreaterThanOrEqual(times(slow));
  expect(asked[0]!.who).toBe(good);
});

test('that through which it was joined is asked again as it speaks, more and more seldom', async () => {
  const { asked, start, after } = partialRoom();
  start();
  await after(60, [good]);
  const minutes = asked.filter(({ who }) => who === good).map(({ atMs }) => atMs / MINUTE_MS);
  expect(minutes.filter((minute) => minute < 3).length).toBeGreaterThanOrEqual(4);
  expect(minutes.filter((minute) => minute > 10).length).toBeLessThanOrEqual(4);
});

test('a room that is entered anew while a pause goes on is asked for at once', async () => {
  const { asked, start, after } = partialRoom();
  start();
  await after(20, []);
  const before = asked.length;
  start();
  await after(0, []);
  expect(asked.length).toBeGreaterThan(before);
});

/** One whose members nobody tells: one server takes its time for that, the others are down. */
function partialRoom() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const begun = performance.now();
  const asked: { readonly who: ServerName; readonly atMs: number }[] = [];
  let start: (roomId: RoomId) => void = () => {};
  let hear: (server: ServerName) => void = () => {};
  const state = async (who: ServerName) => {
    asked.push({ who, atMs: performance.now() - begun });
    if (who === slow) await new Promise((resolve) => setTimeout(resolve, 100_000));
    throw new NotUsable('nothing of use');
  };
  const join = {
    ...{ type: 'm.room.member', sender: '@u:own', state_key: '@u:own', room_id: ROOM },
    ...{ content: { membership: 'join' }, depth: 1, origin_server_ts: 1, auth_events: [] },
    prev_events: [],
  };
  const building = {
    rooms: { get: async () => room },
    keys: { byNid: () => ({ stateKey: '@u:own' }), find: () => ({ keyNid: 1 }) },
    partialRooms: { listen: (then: typeof start) => (start = then), close: () => {} },
    passages: { large: async (_: unknown, work: (enter: () => void) => unknown) => work(() => {}) },
    ports: {
      identity: { serverName: 'own' },
      store: {
        partialJoin: async () => ({ eventNid: 5, server: good, servers: [good, slow, 'x', 'y'] }),
        eventsByNid: async () => [{ nid: 5, eventId: '$e', json: JSON.stringify(join) }],
      },
      elsewhere: { onHeard: (then: typeof hear) => (hear = then), servers: { state } },
    },
  } as unknown as Building;
  const becoming = new BecomingWhole(building, { takeHeld: () => {} } as never);
  onTestFinished(() => becoming.close());
  return {
    asked,
    start: () => start(ROOM),
    async after(minutes: number, speaking: readonly ServerName[]) {
      for (let second = 0; second < minutes * 60; second++) {
        for (const server of speaking) hear(server);
        await vi.advanceTimersByTimeAsync(1_000);
      }
      await vi.advanceTimersByTimeAsync(0);
    },
  };
}

const room = {
  ...{ roomId: ROOM, nid: 1, isPartial: true, isCommitted: true },
  ...{ ownMember: { keyNid: 1, changes: 0 }, state: new Map() },
  rules: rulesOf('10'),
  members: { get: () => 'join', keys: () => [1], count: () => 1 },
};
