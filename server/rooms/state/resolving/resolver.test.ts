import { expect, onTestFinished, test, vi } from 'vitest';
import { processesOf } from '../../../../test/support/aside/processes-of.ts';
import { textOfEvent } from '../../../../test/support/event-text.ts';
import { LargeRoom } from '../../../../test/support/large-room.ts';
import type { EventId, RoomId, ServerName } from '../../../protocol/identifiers.ts';
import type { RoomVersion } from '../../../protocol/room-versions.ts';
import { runWith } from '../../../protocol/state-resolution/answering.ts';
import { separate } from '../../../protocol/state-resolution/conflict.ts';
import { resolveConflict } from '../../../protocol/state-resolution/resolve.ts';
import { ResolutionProcess } from './resolution-process.ts';
import { Resolver } from './resolver.ts';
import { Unresolved } from './unresolved.ts';

test.each(['1', '6', '11', '12'] as const)(
  'a large conflict is resolved aside to what it would be resolved to here (version %s)',
  async (version) => {
    const at = bench({ version, entries: 400, conflicted: 120 });
    expect(await at.resolver.decide(at.room, at.conflict, at.tell)).toEqual(at.expected);
    expect(at.process.isRunning).toBe(true);
  },
);

test('a small conflict is resolved here', async () => {
  const at = bench({ version: '11', entries: 400, conflicted: 50 });
  expect(await at.resolver.decide(at.room, at.conflict, at.tell)).toEqual(at.expected);
  expect(at.process.isRunning).toBe(false);
});

test('in a large room even a small conflict is resolved aside', async () => {
  const at = bench({ version: '11', entries: 5_100, conflicted: 10 });
  expect(await at.resolver.decide(at.room, at.conflict, at.tell)).toEqual(at.expected);
  expect(at.process.isRunning).toBe(true);
});

test('several large conflicts at once have each their own answer', async () => {
  const at = bench({ version: '11', entries: 400, conflicted: 120 });
  const other = bench({ version: '12', entries: 300, conflicted: 100 });
  const answers = await Promise.all([
    at.resolver.decide(at.room, at.conflict, at.tell),
    at.resolver.decide(other.room, other.conflict, other.tell),
    at.resolver.decide(at.room, at.conflict, at.tell),
  ]);
  expect(answers).toEqual([at.expected, other.expected, at.expected]);
});

test('where the events cannot be read that is said, and the next conflict is resolved', async () => {
  const at = bench({ version: '11', entries: 400, conflicted: 120 });
  const unread = () => Promise.reject(new Error('no database'));
  await expect(at.resolver.decide(at.room, at.conflict, unread)).rejects.toThrow('no database');
  expect(await at.resolver.decide(at.room, at.conflict, at.tell)).toEqual(at.expected);
});

test('a process that is ended in the middle takes nobody along, and blames no room', async () => {
  const at = bench({ version: '11', entries: 400, conflicted: 120 });
  const ended = async (ids: readonly EventId[]) => {
    at.process.close();
    return at.tell(ids);
  };
  await expect(at.resolver.decide(at.room, at.conflict, ended)).rejects.toThrow('was ended');
  expect(at.resolver.restMs(at.room.roomId)).toBe(0);
  expect(await at.resolver.decide(at.room, at.conflict, at.tell)).toEqual(at.expected);
});

test('a process that a machine short of memory ends had too much of a conflict, and is not started for it again', async () => {
  const at = bench({ version: '11', entries: 400, conflicted: 120 });
  const killed = async (ids: readonly EventId[]) => {
    for (const pid of processesOf('resolution-program.ts')) process.kill(pid, 'SIGKILL');
    return at.tell(ids);
  };
  const decide = () => at.resolver.decide(at.room, at.conflict, killed);
  const failed = { name: 'Unresolved', message: expect.stringContaining('ended (SIGKILL)') };
  await expect(decide()).rejects.toMatchObject(failed);
  expect(at.resolver.timesFailed(at.room.roomId)).toBe(1);
  const asked = vi.spyOn(at.process, 'resolve');
  await expect(decide()).rejects.toMatchObject({ name: 'NotTried' });
  expect(asked).not.toHaveBeenCalled();
});

test('a room whose conflict takes too long is told so at once for a while, and others have the process', async () => {
  const at = bench({ version: '11', entries: 400, conflicted: 120 }, { withinMs: 0 });
  const failed = { name: 'Unresolved' };
  await expect(at.resolver.decide(at.room, at.conflict, at.tell)).rejects.toMatchObject(failed);
  const asked = vi.spyOn(at.process, 'resolve');
  const notTried = { name: 'NotTried' };
  await expect(at.resolver.decide(at.room, at.conflict, at.tell)).rejects.toMatchObject(notTried);
  expect(asked).not.toHaveBeenCalled();
  at.clock.ms += 5 * 60_000;
  await expect(at.resolver.decide(at.room, at.conflict, at.tell)).rejects.toMatchObject(failed);
  expect(asked).toHaveBeenCalledTimes(1);
  const small = bench({ version: '11', entries: 400, conflicted: 10 });
  const { room, conflict, tell } = small;
  expect(await at.resolver.decide({ ...room, ...at.room }, conflict, tell)).toEqual(small.expected);
});

test('each time it rests for longer, and has longer, until it is resolved', async () => {
  const at = bench({ version: '11', entries: 400, conflicted: 120 });
  const withinMs: number[] = [];
  const resolve = vi.spyOn(at.process, 'resolve').mockImplementation(async (_task, how) => {
    withinMs.push(how.withinMs);
    throw new Unresolved('no');
  });
  const { roomId } = at.room;
  const decide = () => at.resolver.decide(at.room, at.conflict, at.tell);
  const rests: number[] = [];
  for (let times = 0; times < 6; times++) {
    await expect(decide()).rejects.toThrow(Unresolved);
    rests.push(at.resolver.restMs(roomId) / 60_000);
    at.clock.ms += at.resolver.restMs(roomId);
  }
  expect(rests).toEqual([5, 10, 20, 40, 60, 60]);
  expect(withinMs.map((ms) => ms / 60_000)).toEqual([1, 2, 4, 4, 4, 4]);
  expect(at.resolver.timesFailed(roomId)).toBe(6);
  resolve.mockRestore();
  expect(await decide()).toEqual(at.expected);
  expect(at.resolver.timesFailed(roomId)).toBe(0);
  expect(at.resolver.restMs(roomId)).toBe(0);
});

test('a domain costs a room one rest in a day: then what it brings rests there, and nobody else waits for it', async () => {
  const at = bench({ version: '11', entries: 400, conflicted: 120 });
  const [evil, evilToo, good] = ['a.evil.example', 'b.evil.example', 'good.example'].map((name) =>
    at.resolver.broughtBy(name as ServerName),
  );
  const { roomId } = at.room;
  const other = '!other:elsewhere.example' as RoomId;
  const decide = (of: typeof evil, room = at.room) => of!.decide(room, at.conflict, at.tell);
  const minutes = () => [at.resolver, evil!, good!].map((each) => each.restMs(roomId) / 60_000);
  const withinMs: number[] = [];
  let tookMs = 0;
  const resolve = vi.spyOn(at.process, 'resolve').mockImplementation(async (_task, how) => {
    withinMs.push(how.withinMs);
    at.clock.ms += tookMs;
    throw new Unresolved('no');
  });
  await expect(decide(evil)).rejects.toMatchObject({ name: 'Unresolved' });
  expect(minutes()).toEqual([5, 5, 5]);
  at.clock.ms += 5 * 60_000;
  await expect(decide(evilToo)).rejects.toMatchObject({ name: 'Unresolved' });
  expect(minutes()).toEqual([0, 10, 0]);
  await expect(decide(evil)).rejects.toMatchObject({ name: 'NotTried' });
  at.clock.ms += 10 * 60_000;
  tookMs = 4 * 60_000;
  await expect(decide(evil)).rejects.toMatchObject({ name: 'Unresolved' });
  // So the room has the process for half of the time at most.
  expect(minutes()).toEqual([4, 20, 4]);
  expect(withinMs.map((ms) => ms / 60_000)).toEqual([1, 2, 4]);
  tookMs = 0;
  await expect(decide(evil, { ...at.room, roomId: other })).rejects.toMatchObject({
    name: 'Unresolved',
  });
  expect(at.resolver.restMs(other)).toBe(5 * 60_000);
  at.clock.ms += 4 * 60_000;
  resolve.mockRestore();
  expect(await decide(good)).toEqual(at.expected);
  at.clock.ms += 16 * 60_000;
  expect(await decide(evil)).toEqual(at.expected);
  vi.spyOn(at.process, 'resolve').mockRejectedValue(new Unresolved('no'));
  await expect(decide(evil)).rejects.toMatchObject({ name: 'Unresolved' });
  expect(minutes()).toEqual([0, 5, 0]);
  at.clock.ms += 24 * 3_600_000;
  await expect(decide(evil)).rejects.toMatchObject({ name: 'Unresolved' });
  expect(minutes()).toEqual([5, 10, 5]);
});

test('who brings conflicts of many rooms waits for themselves', async () => {
  const rooms = Array.from({ length: 3 }, () =>
    bench({ version: '11', entries: 400, conflicted: 120 }),
  );
  const [at] = rooms;
  const ended: string[] = [];
  const decide = async (of: typeof at, server: string, index: number) => {
    const room = { ...of!.room, roomId: `!${index}:elsewhere.example` as RoomId };
    await at!.resolver.broughtBy(server as ServerName).decide(room, of!.conflict, of!.tell);
    ended.push(server);
  };
  const evil = ['a.evil.example', 'b.evil.example', 'c.evil.example'];
  const many = evil.map((name, index) => decide(rooms[index], name, index));
  await Promise.all([...many, decide(at, 'good.example', 9)]);
  expect(ended).toEqual([evil[0], evil[1], 'good.example', evil[2]]);
});

test('a conflict that has no turn in time is looked at again in a minute, and that is no fault of its room', async () => {
  const at = bench({ version: '11', entries: 400, conflicted: 120 }, { waitMs: 0 });
  const { room } = at;
  const other = { ...room, roomId: '!other:elsewhere.example' as RoomId };
  const first = at.resolver.decide(other, at.conflict, at.tell);
  const decide = () => at.resolver.decide(room, at.conflict, at.tell);
  await expect(decide()).rejects.toMatchObject({ name: 'NoTurnYet' });
  expect(at.resolver.restMs(room.roomId)).toBe(60_000);
  expect(at.resolver.timesFailed(room.roomId)).toBe(0);
  await first;
  at.clock.ms += 60_000;
  expect(await decide()).toEqual(at.expected);
});

test('that we are slow with what it asks for is no fault of the room', async () => {
  const at = bench({ version: '11', entries: 400, conflicted: 120 }, { withinMs: 20_000 });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const slowly: typeof at.tell = async (ids) => {
    await vi.advanceTimersByTimeAsync(30_000);
    return at.tell(ids);
  };
  expect(await at.resolver.decide(at.room, at.conflict, slowly)).toEqual(at.expected);
});

test('a conflict that takes too much memory ends its process and no more', async () => {
  const large = { version: '11', entries: 6_000, conflicted: 3_000 } as const;
  const at = bench(large, { memoryMiBMax: 16 });
  const decide = () => at.resolver.decide(at.room, at.conflict, at.tell);
  const failed = { name: 'Unresolved', message: expect.stringContaining('ended (SIG') };
  await expect(decide()).rejects.toMatchObject(failed);
  const small = bench({ version: '11', entries: 400, conflicted: 120 });
  at.clock.ms += at.resolver.restMs(at.room.roomId);
  const { room, conflict, tell, expected } = small;
  expect(await at.resolver.decide(room, conflict, tell)).toEqual(expected);
});

test('the rooms take turns: one with many conflicts waits for itself', async () => {
  const at = bench({ version: '11', entries: 400, conflicted: 120 });
  const other = bench({ version: '12', entries: 300, conflicted: 100 });
  const ended: string[] = [];
  const decide = async (of: typeof at, name: string) => {
    await at.resolver.decide(of.room, of.conflict, of.tell);
    ended.push(name);
  };
  const many = ['1', '2', '3'].map((name) => decide(at, name));
  await Promise.all([...many, decide(other, 'other')]);
  expect(ended).toEqual(['1', '2', 'other', '3']);
});

test('a process that has nothing to do ends', async () => {
  const at = bench({ version: '11', entries: 400, conflicted: 120 }, { idleMs: 1 });
  await at.resolver.decide(at.room, at.conflict, at.tell);
  await expect.poll(() => at.process.isRunning).toBe(false);
});

function bench(
  size: { version: RoomVersion; entries: number; conflicted: number },
  options: ConstructorParameters<typeof ResolutionProcess>[0] = {},
) {
  const { room, events, states } = new LargeRoom(size);
  const about = { roomId: room.create.roomId, rules: room.rules };
  const conflict = separate(states, room.rules);
  const process = new ResolutionProcess(options);
  onTestFinished(() => process.close());
  const clock = { ms: 1_000_000 };
  return {
    ...{ room: about, conflict, process, clock, resolver: new Resolver(process, () => clock.ms) },
    expected: runWith(resolveConflict(conflict, about), (id) => events.get(id)),
    tell: async (ids: readonly EventId[]) =>
      ids.flatMap((id) => {
        const event = events.get(id);
        return event ? [textOfEvent(event, room.rules)] : [];
      }),
  };
}
