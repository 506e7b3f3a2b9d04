import { expect, test } from 'vitest';
import { statusWith } from '../../test/support/site-status.ts';
import type { Plan, PossiblePromotion, PromotionPlan } from '../status/recovery.ts';
import type { Status } from '../status/status.ts';
import { type Promoting, promote } from './promote.ts';
import { listOf } from './recover.ts';

const LOST = { kind: 'known', bytes: 200, unheardMs: 0, given: ['a'], why: 'a said last' } as const;
const NONE = { kind: 'none', bytes: 0, unheardMs: 0, given: [], why: 'b has all' } as const;
const KEYS = {
  ...{ recoveries: 'recoveries/', incarnation: 'incarnation' },
  ...{ timelines: 'timelines', patroniSync: 'sync' },
};
const LEADS: Status = { ...statusWith([]), site: 'b', leader: 'b' };
const WAITS: Status = { ...LEADS, leader: null, writes: { ...LEADS.writes, kind: 'none' } };
const PLAN = planOf();
/** As it is asked for. */
const { confirm: WHOLE } = JSON.parse((await run({ types: [null], json: true })).said);
const LOSS = WHOLE.slice('a is off, only b, '.length);

test('what is at stake is shown before anything is asked: since when, who said what last, whether this copy was waited for, and what is lost', async () => {
  const { said } = await run({ types: [null] });
  expect(said).toContain('etcd is left at b alone, for 2 min at least, and a is silent.');
  expect(said).toContain(
    'b is here: timeline 2, position 300; it was NOT in /sync when etcd last knew: a acknowledged without it',
  );
  expect(said).toContain(
    'a is MISSING: silent for 2 min at least; it said last, at 2026-11-26T13:56:40.000Z by its own clock: timeline 2, position 500',
  );
  expect(said).toContain('If b goes on: up to 200 bytes (200 B) of acknowledged writes are LOST');
});

test.each<[string, Partial<PossiblePromotion['sync']>, PossiblePromotion['atStake'], string]>([
  ['was waited for', {}, NONE, 'it was in /sync when etcd last knew: a acknowledged nothing'],
  ['led', { leader: 'b', standbys: ['a'] }, NONE, 'it led last, so it has all that was acknow'],
  [
    'was waited for, and may lack something',
    {},
    LOST,
    'it was in /sync when etcd last knew, which does not prove',
  ],
  [
    'led, and may lack something',
    { leader: 'b' },
    LOST,
    '/sync names it as the leader, which does not prove',
  ],
  ['was not waited for', { standbys: [] }, LOST, 'it was NOT in /sync'],
])(
  'of a copy that %s it is said so, and nothing that what may be lost denies',
  async (_, sync, atStake, says) => {
    const plan = { ...PLAN, sync: { leader: 'a', standbys: ['b'], ...sync }, atStake };
    expect((await run({ types: [null], plan })).said).toContain(says);
  },
);

test('of a database that is down it is said that nobody looked at it, and why it is down', async () => {
  const copy = { ...PLAN.copy, isUp: false };
  expect((await run({ types: [null], plan: { ...PLAN, copy } })).said).toContain(
    "b is here: its database is not up, as it cannot be without etcd, and was not looked at; by etcd's last word timeline 2, position 300; it",
  );
  const wordless = { ...copy, timeline: null, lsn: null };
  expect((await run({ types: [null], plan: { ...PLAN, copy: wordless } })).said).toContain(
    'and was not looked at; it left no word of how much it had; it',
  );
});

test.each([
  [[null]],
  [['yes']],
  [['a is off', 'yes']],
  [['a is off', 'only b', 'without a']],
  [['a is off, only b, without a']],
])('where %o is typed nothing is ordered', async (types) => {
  const { code, said, orders } = await run({ types });
  expect([code, orders]).toEqual([1, []]);
  expect(said).toContain(
    `Nothing was done. Where all of it is so: farol promote --confirm "${WHOLE}"`,
  );
});

test('each question is typed, or all at once; then it is ordered with what was shown, written down, and followed to its end', async () => {
  for (const types of [['a is off', 'only b', LOSS], [WHOLE]]) {
    const { code, said, orders } = await run({ types });
    expect(code).toBe(0);
    expect(said).toContain('Order 77: etcd of this machine ends, and starts without a.');
    expect(said).toMatch(/This site leads\. .*taken in anew/);
    expect(orders).toHaveLength(1);
    const [{ id, doors, seen, compare, put }] = orders as [Order];
    expect([id, doors, seen]).toEqual([
      '77',
      ['h:2379'],
      { clusterId: '1', memberId: '2', revision: 9, voters: ['1', '2'] },
    ]);
    expect(compare).toEqual([
      { key: 'sync', revision: 2 },
      { key: 'timelines', revision: 8 },
      { key: 'incarnation', revision: 0 },
    ]);
    const [incarnation, record] = put.map(({ text }) => JSON.parse(text));
    expect(incarnation).toMatchObject({ number: 1, id: '77', site: 'b', without: ['a'] });
    expect(listOf([record])).toBe(
      'now  eve, asked of b: etcd goes on there alone, without a (order 77); ' +
        `confirmed "${WHOLE}"; up to 200 bytes (200 B) of acknowledged writes are LOST: a said last.`,
    );
  }
});

test('what is typed for a loss is of that loss: what was typed on another day, of another one, orders nothing', async () => {
  expect(LOSS).toMatch(/^without a, up to 200 bytes, [0-9a-f]{4}$/);
  for (const plan of [
    { ...PLAN, atStake: { ...PLAN.atStake, bytes: 5e9, why: 'a said last' } },
    { ...PLAN, atStake: { ...PLAN.atStake, kind: 'unknown', bytes: null } as const },
    // As much, and of another day.
    { ...PLAN, seen: { ...PLAN.seen, revision: 10 } },
  ]) {
    const { code, said, orders } = await run({ types: [WHOLE], plan });
    expect([code, orders, said.includes(WHOLE)]).toEqual([1, [], false]);
  }
});

test('where nothing may be lost that is not asked', async () => {
  const plan = { ...PLAN, atStake: NONE };
  const { code, questions } = await run({ types: ['a is off', 'only b'], plan });
  expect([code, questions]).toEqual([0, 2]);
});

test.each<[string, PromotionPlan]>([
  ['the other is there by now', { kind: 'refused', why: 'h:2379 can be reached' }],
  ['etcd has other data', { ...planOf(), seen: { ...planOf().seen, revision: 10 } }],
  ['more would be lost', { ...planOf(), atStake: { ...planOf().atStake, bytes: 300 } }],
])('it is looked at afresh behind the typing: where %s nothing is done', async (_, then) => {
  const { code, said, orders } = await run({ types: [WHOLE], then });
  expect([code, orders]).toEqual([1, []]);
  expect(said).toMatch(
    /Nothing was done: (h:2379 can be reached|something has changed since that was shown)/,
  );
});

test.each([
  ['refused', 'a came back', 1, 'Nothing was done (order 77): a came back.'],
  ['withdrawn', 'nobody took it', 1, 'Nothing was done (order 77): nobody took it.'],
  [
    'unknown',
    'it has not said',
    4,
    'Whether order 77 is carried out is not known: it has not said. Look with',
  ],
] as const)('an order that ends as %s is told so', async (kind, why, expected, text) => {
  const { code, said } = await run({ types: [WHOLE], ended: { kind, why } });
  expect(code).toBe(expected);
  expect(said).toContain(text);
});

test('what this machine cannot do at all is not done', async () => {
  const { code, said } = await run({ types: [WHOLE], ended: new Error('run this as root') });
  expect([code, said.includes('Nothing was done (order 77): run this as root.')]).toEqual([
    1,
    true,
  ]);
});

test('nobody who is promoted by himself: what `farol recover` asks is answered where its loss is no greater than what was confirmed', async () => {
  for (const atStake of [LOST, { ...LOST, bytes: 100 }]) {
    const recovered = await run({ types: [WHOLE], status: WAITS, recovery: recoveryOf(atStake) });
    expect([recovered.code, recovered.recoveries]).toEqual([
      0,
      [expect.objectContaining({ confirmed: 'without a', to: 'b' })],
    ]);
  }
});

test.each<[string, PossiblePromotion['atStake']]>([
  ['of others', { ...LOST, given: ['a', 'c'] }],
  ['of more bytes', { ...LOST, bytes: 201 }],
  ['of a longer time of which nobody heard', { ...LOST, unheardMs: 1 }],
  ['of nobody knows how much', { ...LOST, kind: 'unknown', bytes: null }],
])('a loss %s is asked anew', async (_, atStake) => {
  const recovery = recoveryOf(atStake);
  const scripted = await run({ types: [WHOLE], status: WAITS, recovery });
  expect([scripted.code, scripted.recoveries]).toEqual([3, []]);
  expect(scripted.said).toContain(
    'etcd goes on here, and nobody leads yet: what would be lost has to be confirmed.',
  );
  const confirm = `without ${atStake.given.join(' and ')}`;
  const typed = await run({ types: [WHOLE, confirm], status: WAITS, recovery });
  expect([typed.code, typed.recoveries]).toEqual([
    0,
    [expect.objectContaining({ confirmed: confirm })],
  ]);
});

test('where nothing was to be lost whoever has all is waited for, and what somebody else would lose is asked', async () => {
  const plan = { ...PLAN, atStake: NONE };
  const { code, recoveries, questions } = await run({
    ...{ types: ['a is off, only b'], plan, status: WAITS, recovery: recoveryOf(LOST) },
  });
  expect([code, recoveries, questions]).toEqual([3, [], 2]);
});

test('where nobody is promoted in time it is said what has been done, and what keeps the rest', async () => {
  const recovery = { kind: 'refused', why: 'b still replays' } as const;
  const { code, said } = await run({ types: [WHOLE], status: WAITS, recovery });
  expect(code).toBe(3);
  expect(said).toContain('etcd goes on here, and nobody leads yet: b still replays.');
});

test('what etcd has here is looked at first, on a copy', async () => {
  const silent = { kind: 'refused', why: 'it says nothing', isLookedAtFirst: true } as const;
  const looked = await run({ types: [WHOLE], plans: [silent, PLAN, PLAN] });
  expect([looked.code, looked.looks]).toEqual([0, 1]);
  const failed = await run({
    types: [WHOLE],
    plans: [silent],
    look: { kind: 'refused', why: 'no room' },
  });
  expect([failed.code, failed.orders]).toEqual([1, []]);
  expect(failed.said).toContain('Nothing was done: it says nothing; and no room.');
});

test('for programs one line says how it ended, and what there would be to confirm', async () => {
  const asked = await run({ types: [null], json: true });
  expect(JSON.parse(asked.said)).toMatchObject({
    ended: 'unconfirmed',
    code: 1,
    confirm: WHOLE,
    plan: { without: 'a' },
  });
  const done = await run({ types: [WHOLE], json: true });
  expect(JSON.parse(done.said)).toMatchObject({ ended: 'leads', code: 0, order: '77' });
  const refused = await run({ types: [WHOLE], json: true, plan: { kind: 'refused', why: 'x' } });
  expect(JSON.parse(refused.said)).toMatchObject({ ended: 'refused', code: 1 });
});

type Order = Parameters<Promoting['goOnAlone']>[0];

interface Case {
  readonly types: readonly (string | null)[];
  readonly plan?: PromotionPlan;
  /** What is found behind the typing. */
  readonly then?: PromotionPlan;
  readonly plans?: readonly PromotionPlan[];
  readonly ended?: Awaited<ReturnType<Promoting['goOnAlone']>> | Error;
  readonly look?: Awaited<ReturnType<Promoting['look']>>;
  readonly status?: Status;
  readonly recovery?: Plan;
  readonly json?: boolean;
}

async function run(otherwise: Case) {
  const { types, plan = PLAN, then = plan, ended = { kind: 'done' }, json = false } = otherwise;
  const { plans = [plan, then], status = LEADS, look = { kind: 'done' } } = otherwise;
  const { recovery = { kind: 'refused', why: 'b leads' } } = otherwise;
  const said: string[] = [];
  const [orders, recoveries]: [Order[], object[]] = [[], []];
  let [asked, questions, looks] = [0, 0, 0];
  const code = await promote(
    {
      status: async () => (recoveries.length > 0 ? LEADS : status),
      promotion: async () => plans[Math.min(asked++, plans.length - 1)]!,
      recovery: async () => recovery,
      recover: async (order) => {
        recoveries.push(order);
        return 'b has the key.';
      },
    },
    {
      ...{ by: 'eve', at: 'now', id: '77', json, keys: KEYS },
      patience: { decidedWithinMs: 200, lookEveryMs: 10 },
      print: (text) => void said.push(text),
      confirm: async () => types[questions++] ?? null,
      look: async () => {
        looks++;
        return look;
      },
      goOnAlone: async (order) => {
        orders.push(order);
        if (ended instanceof Error) throw ended;
        return ended;
      },
    },
  );
  return { code, said: said.join('\n'), orders, recoveries, questions, looks };
}

function planOf(): PossiblePromotion {
  return {
    ...{ kind: 'possible', site: 'b', without: 'a', etcdSilentMs: 120_000 },
    sync: { leader: 'a', standbys: [] },
    copy: {
      ...{ site: 'b', timeline: 2, lsn: 300, isPrimary: false, left: false, why: null },
      isUp: true,
    },
    missing: [
      {
        ...{ site: 'a', answers: false, silentMs: 120_000, timeline: 2, lsn: 500 },
        saidAtMs: Date.parse('2026-11-26T13:56:40Z'),
      },
    ],
    atStake: LOST,
    seen: {
      ...{ clusterId: '1', memberId: '2', revision: 9, doors: ['h:2379'], number: 1 },
      voters: ['1', '2'],
      ...{ revisions: { sync: 2, timelines: 8, incarnation: 0 }, timeline: 2, lsn: 300 },
    },
  };
}

function recoveryOf(atStake: PossiblePromotion['atStake']): Plan {
  const { missing } = PLAN;
  const copy = { site: 'b', timeline: 2, lsn: 300, isPrimary: false, left: false, why: null };
  const confirm = `without ${atStake.given.join(' and ')}`;
  return {
    ...{ kind: 'possible', to: 'b', leaderlessMs: 40_000, copies: [copy], missing, atStake },
    ...{ confirm, seen: { sync: 2, failover: 0, config: 0, timelines: 8, silent: { a: 7 } } },
  };
}
