import { getEventListeners } from 'node:events';
import { expect, test, vi } from 'vitest';
import type { UserId } from '../../protocol/identifiers.ts';
import { ActiveUser } from '../active/active-user.ts';
import { type Built, LongPoll, type Patience } from './long-poll.ts';
import type { Told } from './occasion.ts';

const FOR_EVER: Patience = {
  mayWait: true,
  timeoutMs: 120_000,
  signal: new AbortController().signal,
};

test.each([
  ['with the first news', {}, ({ user }) => user.noteElsewhere(7)],
  ['when its client has gone', {}, ({ client }) => client.abort()],
  ['when the server closes', {}, ({ polls }) => polls.close()],
  ['when its time is over', { timeoutMs: 5 }, () => {}],
] satisfies [string, Partial<Patience>, (parts: Parts) => void][])(
  'a request that waits is answered %s, and is forgotten then',
  async (_, patience, end) => {
    const parts = { user: new ActiveUser('@alice:x' as UserId, 5), client: new AbortController() };
    const { polls, built, answer } = ask(parts, { ...patience, signal: parts.client.signal });
    await untilWaiting(parts.user);
    end({ ...parts, polls });
    const { next } = await answer;
    expect(next.position).toBe(parts.user.hasNewsAfter(5, 0) ? 7 : 5);
    expect([parts.user.isWaiting, built.length]).toEqual([false, 2]);
  },
);

test('a request that is answered leaves no timer behind, and nothing at its connection', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const parts = { user: new ActiveUser('@alice:x' as UserId, 5), client: new AbortController() };
    const { signal } = parts.client;
    const { built, answer } = ask(parts, { signal });
    await untilWaiting(parts.user);
    expect([vi.getTimerCount(), getEventListeners(signal, 'abort').length]).toEqual([1, 1]);
    parts.user.noteElsewhere(6);
    await answer;
    expect([vi.getTimerCount(), getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
    expect(built, 'from where the first answer ended').toEqual([undefined, { position: 5 }]);
  } finally {
    vi.useRealTimers();
  }
});

test('woken for nothing, a request waits on', async () => {
  const user = new ActiveUser('@alice:x' as UserId, 5);
  const { built, answer } = ask({ user }, FOR_EVER);
  for (let times = 0; times < 3; times++) {
    await untilWaiting(user);
    user.wake();
    expect(user.isWaiting).toBe(false);
  }
  await untilWaiting(user);
  expect(built).toEqual([undefined]);
  user.noteElsewhere(6);
  expect((await answer).next.position).toBe(6);
});

test.each([
  ['may not wait', { mayWait: false }],
  ['has no time', { timeoutMs: 0 }],
  ['comes from nobody any more', { signal: AbortSignal.abort() }],
])('a request that %s is answered with what there is', async (_, patience) => {
  const user = new ActiveUser('@alice:x' as UserId, 5);
  const { built, answer } = ask({ user }, { ...FOR_EVER, ...patience });
  expect((await answer).next.position).toBe(5);
  expect(built).toEqual([undefined]);
});

test('a request that comes while the server closes does not wait', async () => {
  const user = new ActiveUser('@alice:x' as UserId, 5);
  const polls = new LongPoll();
  polls.close();
  expect((await ask({ user, polls }, FOR_EVER).answer).next.position).toBe(5);
});

interface Parts {
  readonly user: ActiveUser;
  readonly client: AbortController;
  readonly polls: LongPoll;
}

/** The answer is news as soon as the user has some behind position 5. */
function ask(
  { user, polls = new LongPoll() }: { user: ActiveUser; polls?: LongPoll },
  patience: object,
) {
  const built: (Told | undefined)[] = [];
  const build = async (told: Told | undefined): Promise<Built<Told>> => {
    built.push(told);
    let position = 5;
    while (user.hasNewsAfter(position, 0)) position++;
    return { hasNews: position > 5, user, next: { position } as Told };
  };
  return { polls, built, answer: polls.firstNews(build, { ...FOR_EVER, ...patience }) };
}

async function untilWaiting(user: ActiveUser): Promise<void> {
  while (!user.isWaiting) await new Promise(setImmediate);
}
