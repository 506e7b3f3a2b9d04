import { expect, test } from 'vitest';
import type { UserId } from '../../protocol/identifiers.ts';
import { defaultPushRules } from '../../protocol/push-rules/default-rules.ts';
import type { Room } from '../../rooms/room.ts';
import type { RoomEvent } from '../../rooms/room-event.ts';
import { pushJudge } from './push-judge.ts';

const userId = '@alice:x' as UserId;
const content = { msgtype: 'm.text', body: `${'x'.repeat(60_000)} key` };
const event = { type: 'm.room.message', sender: '@bob:x', content } as unknown as RoomEvent;

/** 540,000 steps an event. */
const costly = {
  ...{ rule_id: 'costly', default: false, enabled: true },
  ...{ pattern: `*${'?'.repeat(255)}*key`, actions: ['notify', { set_tweak: 'highlight' }] },
};

const judge = () =>
  pushJudge(
    {
      userId,
      room: { joinedCount: 5 } as Room,
      pushRules: async () => ({ ...defaultPushRules(userId), content: [costly] }),
    },
    [event],
  );

test('what rules cost more than all events together may is not matched, and the rest goes on', async () => {
  const { of } = await judge();
  const verdicts = Array.from({ length: 12 }, () => of(event));
  expect(verdicts.map(({ highlight }) => highlight)).toEqual([
    ...Array(9).fill(true),
    ...Array(3).fill(false),
  ]);
  expect(verdicts.every(({ notify }) => notify)).toBe(true);
});

test('others are to have their turn when much was looked at, and then not before much was again', async () => {
  const { of, isTired } = await judge();
  expect(isTired()).toBe(false);
  of(event);
  expect([isTired(), isTired()]).toEqual([true, false]);
});
