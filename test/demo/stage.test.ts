import { expect, test } from 'vitest';
import { siteStatus, statusWith } from '../support/site-status.ts';
import type { Message } from './chat.ts';
import { COLUMNS, stage } from './stage.ts';
import { storyOf } from './story.ts';

const machine = { powered: true, connected: true, held: 0 };
const machines = ['a', 'b', 'c'].map((name) => ({ ...machine, name }));
const status = statusWith(
  ['a', 'b', 'c'].map((name) =>
    siteStatus(name, {
      server: {
        ...{ role: name === 'a' ? 'writer' : 'follower', epoch: 1_234, position: 123_456 },
        ...{ healthy: true, why: null },
      },
      lagBytes: 123_456,
    }),
  ),
);

test.each(storyOf('a').map(({ says }) => [says]))(
  'every chapter fits 80 columns, and each part stands at its place: %s',
  (says) => {
    const busy = stage({ machines, status, messages: many(20), says, now: 40_000 }).split('\n');
    const empty = stage({ machines, status: null, messages: [], says, now: 0 }).split('\n');
    expect(Math.max(...busy.map((line) => line.length))).toBeLessThanOrEqual(COLUMNS);
    expect(busy.join(' ').replace(/\s+/g, ' ')).toContain(says);
    expect(busy).toHaveLength(empty.length);
    expect(busy.length).toBeLessThanOrEqual(24);
    expect(empty.join('\n')).toContain('No agent answers just now.');
  },
);

test('a message has its tick when it is acknowledged, and until then it is said how long it waits', () => {
  const [first] = many(1);
  const waiting: Message = { from: 'ben', number: 4, sentAt: 30_000, acknowledgedAt: null };
  const picture = stage({
    ...{ machines, status, says: '', now: 42_300 },
    messages: [first!, waiting],
  });
  expect(picture).toMatch(/ana {3}1 {2}✓ {2}0\.1 s/);
  expect(picture).toMatch(/ben {3}4 {2}… {2}has waited 12 s/);
});

test('a chapter goes on when what it tells of is there, and not before', () => {
  const [, cut, , back] = storyOf('a');
  const led = (leader: string | null) => ({ ...status, leader });
  expect(cut!.until({ status: led('a'), flows: true })).toBe(false);
  expect(cut!.until({ status: led(null), flows: true })).toBe(false);
  expect(cut!.until({ status: led('b'), flows: false })).toBe(false);
  expect(cut!.until({ status: led('b'), flows: true })).toBe(true);
  const follows = statusWith([
    siteStatus('a', {
      server: { role: 'follower', epoch: 1, position: 1, healthy: true, why: null },
      lagBytes: 0,
    }),
  ]);
  expect(back!.until({ status: follows, flows: true })).toBe(true);
  const silent = { ...follows, sites: follows.sites.map((site) => ({ ...site, silentMs: 9_000 })) };
  expect(back!.until({ status: silent, flows: true })).toBe(false);
  expect(back!.until({ status: null, flows: true })).toBe(false);
});

const many = (count: number): Message[] =>
  Array.from({ length: count }, (_, index) => ({
    ...{ from: 'ana', number: index + 1, sentAt: 1_000 * index },
    acknowledgedAt: 1_000 * index + 100,
  }));
