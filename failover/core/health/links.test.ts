import { expect, test } from 'vitest';
import { LEADING } from '../../../test/support/leading.ts';
import { replay } from '../told/story.ts';
import type { LinkReport, Report } from '../view.ts';
import { isSick } from './links.ts';

// F10, as stories at site a.

const LOST: LinkReport = { lost: 0.1, rttMs: 1 };
const WELL: LinkReport = { lost: 0, rttMs: 1 };

const wellBetween = linksOf(WELL);

test.each([
  [{ lost: 0.1, rttMs: 1 }, true],
  [{ lost: 0.04, rttMs: 1 }, false],
  [{ lost: 0, rttMs: 2_000 }, true],
  [{ lost: 0, rttMs: 300 }, false],
  [{ lost: null, rttMs: null }, false],
])('of a link of which is known %j it is said that it is sick: %s', (link, sick) =>
  expect(isSick(link)).toBe(sick),
);

test('a site whose packets to all others are lost, while theirs arrive, leaves the lead', () =>
  expect(
    replay({ before: LEADING, story: lossy('b 10, c 12', 12), others: wellBetween }),
  ).toContain('switchover from a to b'));

test.each([
  [
    'for less than five seconds',
    `${lossy('b 10, c 12', 4)}${lossy('b 0, c 0', 12, 5)}`,
    wellBetween,
  ],
  ['to one of them alone, be that whose it is', lossy('b 10, c 0', 12), wellBetween],
  ['where it is not known whether the others are better off', lossy('b 10, c 12', 12), {}],
  ['where all lose as many', lossy('b 10, c 12', 12), linksOf(LOST)],
  ['where nothing is known of one of them', lossy('b 10', 12), wellBetween],
  ['while moves are paused', `900 pause 60\n${lossy('b 10, c 12', 12)}`, wellBetween],
  [
    'while etcd answers nothing, so that no word of another is fresh',
    unheard('b 10, c 12'),
    wellBetween,
  ],
  [
    'which is no longer known of late',
    `${lossy('b 10, c 12', 3)}${seconds(12, () => 'tick', 4)}`,
    wellBetween,
  ],
  ['while Patroni is paused', `900 etcd paused\n${lossy('b 10, c 12', 12)}`, wellBetween],
])('one whose packets are lost %s stays', (_, story, others) =>
  expect(replay({ before: LEADING, story, others })).not.toContain('switchover'),
);

test('what the others miss of what they send there counts as much', () => {
  const others = { b: { links: { a: LOST, c: WELL } }, c: { links: { a: LOST, b: WELL } } };
  const story = lossy('b 0, c 0', 12);
  expect(replay({ before: LEADING, story, others })).toContain('switchover from a to b');
});

test('of two sites that may take the lead the one whose packets arrive does', () => {
  const others = { b: { links: { a: LOST, c: LOST } }, c: { links: { a: WELL, b: LOST } } };
  const told = (story: string) => replay({ before: LEADING, story, others });
  expect(told(sick('links b 10, c 0'))).toContain('switchover from a to c');
  // It is no reason against it where there is no other.
  const alone = { ...others, c: { ...others.c, notCandidate: 'its server is sick' } };
  const story = sick('links b 10, c 0');
  expect(replay({ before: LEADING, story, others: alone })).toContain('switchover from a to b');
});

test('while a copy is made from here nobody moves for a line that it may fill: the clone would begin anew, and fill the next', () => {
  const cloned = { role: 'standby', state: 'creating replica', timeline: null, lsn: null } as const;
  const others = { b: { links: { c: WELL } }, c: { links: { b: WELL }, postgres: cloned } };
  expect(replay({ before: LEADING, story: lossy('b 10, c 12', 12), others })).not.toContain(
    'switchover',
  );
});

/** Between b and c. */
function linksOf(link: LinkReport): Record<string, Partial<Report>> {
  return { b: { links: { c: link } }, c: { links: { b: link } } };
}

function lossy(links: string, until: number, from = 1): string {
  return seconds(until, () => `links ${links}`, from);
}

/** From the third second on. */
function unheard(links: string): string {
  const later = (second: number) => {
    const at = second * 1_000;
    return `${at + 15} postgres primary\n${at + 20} links ${links}\n`;
  };
  return lossy(links, 2) + [3, 4, 5, 6, 7, 8, 9, 10].map(later).join('');
}

/** Its server does not get well. */
const sick = (links: string): string => seconds(14, () => `server sick\n${links}`);

function seconds(until: number, word: (second: number) => string, from = 1): string {
  let story = '';
  for (let second = from; second <= until; second++) {
    const at = second * 1_000;
    const words = word(second).split('\n');
    story += `${at} pulsed\n${at + 10} told writer 7\n${at + 15} postgres primary\n`;
    story += words.map((each, index) => `${at + 20 + index} ${each}\n`).join('');
  }
  return story;
}
