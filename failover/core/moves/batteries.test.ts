import { expect, test } from 'vitest';
import { LEADING } from '../../../test/support/leading.ts';
import { everyTwoSeconds, tells } from '../../../test/support/tells.ts';
import { replay } from '../told/story.ts';

test('after a battery was seen for 3 s the primary moves to a site on mains', () =>
  tells(
    'on-battery',
    LEADING,
    `     500 power battery
     800 pulsed
     2500 postgres primary
     3000 pulsed
     3600 postgres primary
     6000 moved
     6100 postgres primary`,
    { b: { power: 'battery' } },
  ));

test('a low battery waits for nobody to prove itself, on either side', () =>
  tells(
    'low-battery',
    LEADING,
    `500 power low
     600 postgres primary
     2000 moved
     2100 postgres primary
     2200 etcd sync b c
     2300 postgres primary`,
    { b: { heldDown: true }, c: { notCandidate: 'its server is sick' } },
  ));

test('a Patroni that refuses is asked once a second to move from a low battery, and not by every input', () => {
  const refused = (at: number) => `${at} postgres primary\n${at + 1} not moved`;
  const story = ['500 power low', ...[600, 610, 620, 700, 1_500, 1_700, 1_710].map(refused)];
  const told = replay({ before: LEADING, story: story.join('\n') });
  expect(told.match(/switchover from a to/g)).toHaveLength(2);
});

test('what Patroni refused while a battery was low moved nothing, so it holds nothing down once there is mains again', () => {
  const refused = [600, 1_700, 2_800, 3_900].map(
    (at) => `${at} postgres primary\n${at + 1} not moved`,
  );
  const sick = everyTwoSeconds(4_000, 20_000, (at) => `${at + 20} server sick 7`);
  const story = ['500 power low', ...refused, '3950 power mains', sick].join('\n');
  const told = replay({ before: LEADING, story });
  expect(told.match(/switchover from a to/g)).toHaveLength(5);
});

test('what is left of a battery counts: three minutes before its end no hold-down holds, and nobody waits for LB', () =>
  tells(
    'battery-ends',
    LEADING,
    `     500 power battery 400
     800 pulsed
     2500 postgres primary
     3000 pulsed
     3600 postgres primary
     4000 not moved
     4100 postgres primary
     4200 power battery 181
     4300 postgres primary
     5200 power battery 180`,
  ));

test('a UPS that tests itself is on its battery for an instant, whatever it says that it lasts', () =>
  tells(
    'battery-tested',
    LEADING,
    `     500 power battery 60
     800 pulsed
     1500 power mains
     2500 postgres primary
     3000 pulsed
     4600 postgres primary`,
  ));

const onBattery = (seconds: number, power: 'battery' | 'low' = 'battery') => ({
  power,
  battery: { charge: null, leftMs: 1_000 * seconds },
});

test('where all are on battery nobody moves until the end is near, and then to whose battery lasts longest', () =>
  tells(
    'all-on-battery',
    LEADING,
    `500 power battery 200
    ${everyTwoSeconds(1_000, 9_000, (at) => `${at + 20} power battery ${193 - at / 400}`)}`,
    { b: onBattery(400), c: onBattery(900) },
  ));

test('a UPS that falls silent on battery is not back on mains: its last word goes on, down to its end', () =>
  tells(
    'ups-vanishes',
    LEADING,
    `500 power battery 187
    ${everyTwoSeconds(1_000, 11_000, (at) => `${at + 20} power unknown`)}`,
    { b: onBattery(400), c: onBattery(900) },
  ));

test('a machine that goes down while all are on battery leaves for the one that lasts longest, rather than for nobody', () => {
  const story = '500 power battery 400\n600 switchover';
  const others = { b: onBattery(400), c: onBattery(900) };
  expect(replay({ before: LEADING, story, others })).toContain('switchover from a to c');
});

test('from one low battery to another the lead moves where that lasts clearly longer, and not back', () => {
  const story = `500 power battery 70
    ${everyTwoSeconds(1_000, 7_000, (at) => `${at + 20} power battery 70`)}`;
  const toB = (seconds: number, special = {}) =>
    replay({
      before: LEADING,
      story,
      others: {
        b: { ...onBattery(seconds, 'low'), ...special },
        c: { ...onBattery(80, 'low') },
      },
    }).includes('switchover from a to b');
  expect(toB(150)).toBe(true);
  expect(toB(120)).toBe(false);
  expect(toB(150, { heldDown: true })).toBe(false);
});

test.each([
  ['', true],
  ['400 pause 600', false],
  // Somebody has his hands in the databases.
  ['400 etcd paused', false],
])('a pause keeps the primary where it is, on a battery too: "%s"', (order, moves) => {
  const story = `${order}
    500 power battery
    800 pulsed
    3400 pulsed
    3600 postgres primary`;
  expect(replay({ before: LEADING, story }).includes('switchover from a to')).toBe(moves);
});
