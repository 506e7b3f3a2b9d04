import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { MatrixError } from '../../protocol/matrix-error.ts';
import { OF_ALL, OF_DOMAIN, OF_MANY, OF_ORIGIN, RoomQueues } from './room-queues.ts';

const room = '!r:here.example' as RoomId;
const server = (name: string) => `${name}.example` as ServerName;

test('in one room one after the other, and of those who wait each server in its turn', async () => {
  const queue = heldQueues();
  queue.come('a', 'a', 'a', 'b', 'c', 'b');
  for (let left = 6; left > 0; left--) await queue.endOne();
  expect(queue.begun).toEqual(['a', 'a', 'b', 'c', 'a', 'b']);
});

test('different rooms wait for each other not at all', async () => {
  const queue = heldQueues();
  queue.come('a');
  queue.comeTo('!other:here.example' as RoomId, 'a');
  await turn();
  expect(queue.begun).toEqual(['a', 'a']);
  await queue.endOne();
  await queue.endOne();
});

test.each<[string, { count: number; bytes: number }]>([
  ['too many events', { count: OF_ORIGIN.countMax / 2, bytes: 1 }],
  ['too many bytes', { count: 1, bytes: OF_ORIGIN.bytesMax / 2 }],
])(
  'a server that has %s waiting is sent away, others are not, and it is let in again when they are done',
  async (_what, load) => {
    const queue = heldQueues();
    queue.come({ name: 'a', ...load }, { name: 'a', ...load });
    expect(await queue.refusal({ name: 'a', count: 1, bytes: 1 })).toBe('M_LIMIT_EXCEEDED');
    queue.come({ name: 'b', ...load });
    await queue.endOne();
    queue.come({ name: 'a', count: 1, bytes: 1 });
    for (let left = 3; left > 0; left--) await queue.endOne();
    expect(queue.begun).toHaveLength(4);
  },
);

test.each<[string, { count: number; bytes: number }, number]>([
  ['events', { count: OF_ORIGIN.countMax, bytes: 1 }, OF_ALL.countMax / OF_ORIGIN.countMax],
  ['bytes', { count: 1, bytes: OF_ORIGIN.bytesMax }, OF_ALL.bytesMax / OF_ORIGIN.bytesMax],
])('of all servers together no more %s wait than there is room for', async (_what, load, many) => {
  const queue = heldQueues();
  for (let index = 0; index < many; index++) queue.come({ name: `s${index}`, ...load });
  expect(await queue.refusal({ name: 'late', count: 1, bytes: 1 })).toBe('M_LIMIT_EXCEEDED');
  await queue.endOne();
  queue.come({ name: 'late', count: 1, bytes: 1 });
  for (let left = many; left > 0; left--) await queue.endOne();
});

test.each<[string, { count: number; bytes: number }, number]>([
  ['events', { count: OF_ORIGIN.countMax, bytes: 1 }, OF_DOMAIN.countMax / OF_ORIGIN.countMax],
  ['bytes', { count: 1, bytes: OF_ORIGIN.bytesMax }, OF_DOMAIN.bytesMax / OF_ORIGIN.bytesMax],
])('of all names below one no more %s wait than are its part', async (_what, load, many) => {
  const queue = heldQueues();
  for (let index = 0; index < many; index++) queue.come({ name: `s${index}.evil`, ...load });
  expect(await queue.refusal({ name: 'late.evil', count: 1, bytes: 1 })).toBe('M_LIMIT_EXCEEDED');
  queue.come('good');
  await queue.endOne();
  queue.come({ name: 'late.evil', count: 1, bytes: 1 });
  for (let left = many + 1; left > 0; left--) await queue.endOne();
});

test.each<[string, { count: number; bytes: number }, number]>([
  ['events', { count: 250, bytes: 1 }, OF_MANY.countMax / 250],
  [
    'bytes',
    { count: 1, bytes: OF_ORIGIN.bytesMax / 2 },
    (2 * OF_MANY.bytesMax) / OF_ORIGIN.bytesMax,
  ],
])('the last quarter of the %s is for those of whom none wait', async (_what, load, many) => {
  const queue = heldQueues();
  for (let index = 0; index < many; index++) queue.come({ name: `s${index}`, ...load });
  expect(await queue.refusal({ name: 's0', count: 1, bytes: 1 })).toBe('M_LIMIT_EXCEEDED');
  queue.come('good');
  for (let left = many + 1; left > 0; left--) await queue.endOne();
});

test('what fails leaves its place as what is done', async () => {
  const queues = new RoomQueues();
  const load = { roomId: room, origin: server('a'), count: OF_ORIGIN.countMax, bytes: 1 };
  const failing = queues.run(load, async () => {
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(await queues.run(load, async () => 'done')).toBe('done');
});

type Load = string | { name: string; count: number; bytes: number };

/** Work that lasts until it is ended. */
function heldQueues() {
  const queues = new RoomQueues();
  const begun: string[] = [];
  const open: (() => void)[] = [];
  const runs: Promise<void>[] = [];
  const run = (roomId: RoomId, load: Load) => {
    const { name, count, bytes } =
      typeof load === 'string' ? { name: load, count: 1, bytes: 1 } : load;
    return queues.run({ roomId, origin: server(name), count, bytes }, () => {
      begun.push(name);
      return new Promise<void>((resolve) => open.push(resolve));
    });
  };
  return {
    begun,
    come: (...loads: Load[]) => void runs.push(...loads.map((load) => run(room, load))),
    comeTo: (roomId: RoomId, load: Load) => void runs.push(run(roomId, load)),
    refusal: (load: Load) =>
      run(room, load).then(
        () => undefined,
        (error: MatrixError) => error.errcode,
      ),
    /** The one that began first; what is waiting may begin. */
    async endOne() {
      await turn();
      open.shift()!();
      await turn();
    },
  };
}
