import { expect, test } from 'vitest';
import { siteStatus, statusWith } from '../support/site-status.ts';
import { screen } from './screen.ts';

const machine = { powered: true, connected: true, held: 0 };

test('the writer, its copies, the address and what is held are seen at a glance', () => {
  const picture = screen({
    clientUrl: 'http://127.0.0.1:8008',
    machines: [
      { ...machine, name: 'a' },
      { ...machine, name: 'b', held: 3 },
      { ...machine, name: 'c', powered: false, held: null },
    ],
    chosen: 1,
    said: 'c has lost its power',
    status: statusWith([
      site('a', 'writer', 0),
      site('b', 'follower', 120),
      site('c', 'follower', 0),
    ]),
  });
  const lines = picture.split('\n');
  expect(lines.find((line) => line.includes('  a '))).toMatch(
    /on +ok +WRITER, primary +7 +42 +HERE +0$/,
  );
  expect(lines.find((line) => line.startsWith('>'))).toMatch(
    /b +on +ok +follower, sync standby +7 +42 +120 B +3$/,
  );
  expect(lines.find((line) => line.includes('  c '))).toMatch(/OFF +ok +silent$/);
  expect(picture).toContain('a leads');
  expect(lines.at(-1)).toBe('c has lost its power');
});

test('while writes stand still, it says so and when they are expected back', () => {
  const picture = screen({
    clientUrl: 'x',
    machines: [{ ...machine, name: 'a', powered: false, held: null }],
    chosen: 0,
    said: '',
    status: {
      ...statusWith([siteStatus('a', { silentMs: 9_000 }), site('b', 'follower', 0)]),
      leader: null,
      writes: { kind: 'none', sinceMs: null, confirming: [{ site: 'b', silentMs: null }] },
      patroniKeyLeftMs: 12_000,
    },
  });
  expect(picture).toMatch(/No writes now: .*writes are expected in about \d+ s\./);
});

test('while no agent answers, that is said, and no site is called silent', () => {
  const machines = [{ ...machine, name: 'a', held: null }];
  const picture = screen({ clientUrl: 'x', machines, chosen: 0, said: '', status: null });
  expect(picture).toContain('No agent answers just now.');
  expect(picture).toMatch(/a +on +ok +unknown/);
  expect(picture).not.toContain('silent');
});

const site = (name: string, role: 'writer' | 'follower', lagBytes: number) =>
  siteStatus(name, {
    server: { role, epoch: 7, position: 42, healthy: true, why: null },
    lagBytes,
  });
