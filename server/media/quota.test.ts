import { expect, test } from 'vitest';
import type { UserId } from '../protocol/identifiers.ts';
import { MatrixError } from '../protocol/matrix-error.ts';
import { type Hold, Quota } from './quota.ts';

const [ALICE, BOB] = ['@alice:x', '@bob:x'] as [UserId, UserId];

const open = ({ userBytesMax = 1_000, bytesMax = 1_000 }) =>
  new Quota({ userBytesMax, bytesMax }, async () => 0);

/** An upload that goes on until it is ended, as it was asked. */
async function begun(quota: Quota, userId: UserId) {
  const ending = Promise.withResolvers<void>();
  const held = Promise.withResolvers<Hold>();
  const done = quota.during(userId, (hold) => {
    held.resolve(hold);
    return ending.promise;
  });
  const hold = await held.promise;
  return {
    hold,
    async end({ keeping }: { keeping: number }) {
      if (keeping > 0) hold.keep(keeping);
      ending.resolve();
      await done;
    },
  };
}

function statusOf(take: () => void): number {
  try {
    take();
    return 200;
  } catch (error) {
    if (error instanceof MatrixError) return error.status;
    throw error;
  }
}

test('what somebody declares and does not send leaves the room to others', async () => {
  const quota = open({ bytesMax: 100 });
  const slow = await begun(quota, ALICE);
  slow.hold.declare(90);
  slow.hold.grow(10);
  const other = await begun(quota, BOB);
  other.hold.declare(90);
  other.hold.grow(90);
  expect(statusOf(() => slow.hold.grow(11))).toBe(429);
  await other.end({ keeping: 90 });
  expect(statusOf(() => slow.hold.grow(11))).toBe(403);
  await slow.end({ keeping: 0 });
  const next = await begun(quota, ALICE);
  expect(statusOf(() => next.hold.grow(10))).toBe(200);
  await next.end({ keeping: 0 });
});

test('what somebody declares counts against them at once, and not once it broke off', async () => {
  const quota = open({ userBytesMax: 100 });
  const first = await begun(quota, ALICE);
  first.hold.declare(60);
  const second = await begun(quota, ALICE);
  expect(statusOf(() => second.hold.declare(50))).toBe(429);
  expect(statusOf(() => second.hold.declare(101))).toBe(403);
  await first.end({ keeping: 0 });
  expect(statusOf(() => second.hold.declare(50))).toBe(200);
  second.hold.grow(50);
  const third = await begun(quota, ALICE);
  expect(statusOf(() => third.hold.declare(51))).toBe(429);
  second.hold.keep(50);
  expect(statusOf(() => third.hold.declare(51))).toBe(403);
  expect(statusOf(() => third.hold.declare(50))).toBe(200);
  await Promise.all([second.end({ keeping: 0 }), third.end({ keeping: 0 })]);
});

test('what never fits into what is left is refused before it is sent', async () => {
  const quota = open({ bytesMax: 100 });
  const first = await begun(quota, ALICE);
  first.hold.grow(60);
  first.hold.keep(60);
  const second = await begun(quota, BOB);
  expect(statusOf(() => second.hold.declare(41))).toBe(403);
  expect(statusOf(() => second.hold.declare(40))).toBe(200);
  await first.end({ keeping: 0 });
  second.hold.grow(40);
  const third = await begun(quota, ALICE);
  expect(statusOf(() => third.hold.grow(1))).toBe(429);
  await Promise.all([second.end({ keeping: 0 }), third.end({ keeping: 0 })]);
});

test('what is uploaded while something else is taken away counts as well', async () => {
  const quota = open({ bytesMax: 100 });
  const first = await begun(quota, ALICE);
  first.hold.grow(60);
  await first.end({ keeping: 60 });
  const taken = Promise.withResolvers<number>();
  const freeing = quota.freeing(() => taken.promise);
  const meanwhile = await begun(quota, BOB);
  meanwhile.hold.grow(30);
  await meanwhile.end({ keeping: 30 });
  taken.resolve(60);
  await freeing;
  const next = await begun(quota, ALICE);
  expect(statusOf(() => next.hold.declare(71))).toBe(403);
  expect(statusOf(() => next.hold.declare(70))).toBe(200);
  await next.end({ keeping: 0 });
});
