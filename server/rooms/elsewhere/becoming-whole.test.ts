import { expect, onTestFinished, test, vi } from 'vitest';
import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import type { Building } from '../write/building.ts';
import { BecomingWhole } from './becoming-whole.ts';
import { NotUsable } from './try-servers.ts';

const ROOM = '!room:good.org' as RoomId;
const [good, slow, hanging] = ['good.org', 'slow.org', 'hanging.org'] as ServerName[] as [
  ServerName,
  ServerName,
  ServerName,
];
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

test('rooms of one domain that never answers are asked for some at a time, and keep no room of another from it', async () => {
  const { asked, start, after } = partialRoom();
  for (let each = 0; each < 100; each++)
    start({ roomId: `!${each}:${hanging}` as RoomId, through: hanging });
  await after(0, []);
  expect(asked.length).toBe(15);
  start();
  await after(0, []);
  expect(asked.map(({ who }) => who)).toContain(good);
});

/** One whose members nobody tells: one server takes its time for that, one never answers, the others are down. */
function partialRoom() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const begun = performance.now();
  const asked: { readonly who: ServerName; readonly atMs: number }[] = [];
  let start: (roomId: RoomId, through: ServerName) => void = () => {};
  let hear: (server: ServerName) => void = () => {};
  const state = async (who: ServerName) => {
    asked.push({ who, atMs: performance.now() - begun });
    if (who === hanging) await new Promise(() => {});
    if (who === slow) await new Promise((resolve) => setTimeout(resolve, 100_000));
    throw new NotUsable('nothing of use');
  };
  const throughOf = new Map<RoomId, ServerName>();
  const join = {
    ...{ type: 'm.room.member', sender: '@u:own', state_key: '@u:own', room_id: ROOM },
    ...{ content: { membership: 'join' }, depth: 1, origin_server_ts: 1, auth_events: [] },
    prev_events: [],
  };
  const building = {
    rooms: { get: async () => room },
    keys: { byNid: () => ({ stateKey: '@u:own' }), find: () => ({ keyNid: 1 }) },
    partialRooms: {
      ...{ listen: (then: typeof start) => (start = then), close: () => {} },
      ...{ begun: () => {}, ended: () => {} },
    },
    passages: { large: async (_: unknown, work: (enter: () => void) => unknown) => work(() => {}) },
    ports: {
      identity: { serverName: 'own' },
      store: {
        partialJoin: async (roomId: RoomId) => {
          const server = throughOf.get(roomId)!;
          return { eventNid: 5, server, servers: [server, slow, 'x', 'y'] };
        },
        eventsByNid: async () => [{ nid: 5, eventId: '$e', json: JSON.stringify(join) }],
      },
      elsewhere: { onHeard: (then: typeof hear) => (hear = then), servers: { state } },
    },
  } as unknown as Building;
  const becoming = new BecomingWhole(building, { takeHeld: () => {} } as never);
  onTestFinished(() => becoming.close());
  return {
    asked,
    start({ roomId, through } = { roomId: ROOM, through: good }) {
      throughOf.set(roomId, through);
      start(roomId, through);
    },
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
