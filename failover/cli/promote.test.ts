import { expect, test } from 'vitest';
import { statusWith } from '../../test/support/site-status.ts';
import type { Plan, PossiblePromotion, PromotionPlan } from '../status/recovery.ts';
import type { Status } from '../status/status.ts';
import { type Promoting, promote } from './promote.ts';
import { listOf } from './recover.ts';

test('what is at stake is shown before anything is asked: since when, who said what last, whether this copy was waited for, and what is lost', async () => {
  const { said } = await run({ types: [null] });
  expect(said).toContain('etcd is left at b alone, for 2 min at least, and a is silent.');
  expect(said).toContain(
    'b is here: timeline 2, position 300; it was in /sync when etcd last knew: a acknowledged nothing without it',
  );
  expect(said).toContain(
    'a is MISSING: silent for 2 min at least; it said last, at 2026-11-26T13:56:40.000Z by its own clock: timeline 2, position 500',
  );
  expect(said).toContain('If b goes on: up to 200 bytes (200 B) of acknowledged writes are LOST');
});

test('a copy that was not waited for, and one that led, are told apart', async () => {
  const sync = { leader: 'a', standbys: [] };
  expect((await run({ types: [null], plan: { ...PLAN, sync } })).said).toContain(
    'it was NOT in /sync',
  );
  const led = { ...PLAN, sync: { leader: 'b', standbys: [] } };
  expect((await run({ types: [null], plan: led })).said).toContain('it led last');
});

test.each([[[null]], [['yes']], [['a is off', 'yes']], [['a is off', 'only b', 'without b']]])(
  'where %o is typed nothing is ordered',
  async (types) => {
    const { code, said, orders } = await run({ types });
    expect([code, orders]).toEqual([1, []]);
    expect(said).toContain(
      `Nothing was done. Where all of it is so: farol promote --confirm "${WHOLE}"`,
    );
  },
);

test('each question is typed, or all at once; then it is ordered with what was shown, written down, and followed to its end', async () => {
  for (const types of [['a is off', 'only b', 'without a'], [WHOLE]]) {
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

test('where nothing may be lost that is not asked', async () => {
  const plan = { ...PLAN, atStake: { ...PLAN.atStake, given: [] } };
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

test('nobody who is promoted by himself: the loss that was confirmed is confirmed to what `farol recover` asks; another is asked anew', async () => {
  const recovered = await run({ types: [WHOLE], status: WAITS, recovery: recoveryOf('without a') });
  expect([recovered.code, recovered.recoveries]).toEqual([
    0,
    [expect.objectContaining({ confirmed: 'without a', to: 'b' })],
  ]);
  const other = await run({
    types: [WHOLE],
    status: WAITS,
    recovery: recoveryOf('without a and c'),
  });
  expect([other.code, other.recoveries]).toEqual([3, []]);
  expect(other.said).toContain(
    'etcd goes on here, and nobody leads yet: what would be lost has to be confirmed.',
  );
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

const KEYS = {
  ...{ recoveries: 'recoveries/', incarnation: 'incarnation' },
  ...{ timelines: 'timelines', patroniSync: 'sync' },
};
const WHOLE = 'a is off, only b, without a';
const LEADS: Status = { ...statusWith([]), site: 'b', leader: 'b' };
const WAITS: Status = { ...LEADS, leader: null, writes: { ...LEADS.writes, kind: 'none' } };

function planOf(): PossiblePromotion {
  return {
    ...{ kind: 'possible', site: 'b', without: 'a', etcdSilentMs: 120_000 },
    sync: { leader: 'a', standbys: ['b'] },
    copy: { site: 'b', timeline: 2, lsn: 300, isPrimary: false, left: false, why: null },
    missing: [
      {
        ...{ site: 'a', answers: false, silentMs: 120_000, timeline: 2, lsn: 500 },
        saidAtMs: Date.parse('2026-11-26T13:56:40Z'),
      },
    ],
    atStake: { kind: 'known', bytes: 200, unheardMs: 0, given: ['a'], why: 'a said last' },
    seen: {
      ...{ clusterId: '1', memberId: '2', revision: 9, doors: ['h:2379'], number: 1 },
      voters: ['1', '2'],
      ...{ revisions: { sync: 2, timelines: 8, incarnation: 0 }, timeline: 2, lsn: 300 },
    },
  };
}

const PLAN = planOf();

function recoveryOf(confirm: string): Plan {
  const { copy, missing, atStake } = PLAN;
  return {
    ...{ kind: 'possible', to: 'b', leaderlessMs: 40_000, copies: [copy], missing, atStake },
    ...{ confirm, seen: { sync: 2, failover: 0, config: 0, timelines: 8, silent: { a: 7 } } },
  };
}
