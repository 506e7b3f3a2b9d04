import { expect, test } from 'vitest';
import { statusWith } from '../../test/support/site-status.ts';
import type { Plan, Possible, RecoveryOrder } from '../status/recovery.ts';
import type { Status } from '../status/status.ts';
import { listOf, recover } from './recover.ts';

test('who is missing, which copy is the newest and what is lost is shown before anything is asked, and only what is typed exactly goes on', async () => {
  const { code, said, orders, questions } = await run(LOSS, { types: 'without a' });
  expect(said).toContain('  b is here: timeline 2, position 300  <- would lead');
  expect(said).toContain(
    '  a is MISSING: silent for 3 h at least; it said last, at 2026-11-26T13:56:40.000Z by its own clock: timeline 2, position 500',
  );
  expect(said).toContain('up to 200 bytes (200 B) of acknowledged writes are LOST: a said last');
  expect(said).toContain('it was so for 8 s at most');
  expect(said).toContain('not taken back as the primary');
  expect(questions).toEqual(['Type "without a": ']);
  expect(orders).toEqual([{ to: 'b', seen: SEEN, confirmed: 'without a', by: 'eve' }]);
  expect([code, said.endsWith('b has the key.')]).toEqual([0, true]);
});

test.each(['yes', 'without b', '', null])('where %o is typed nothing is ordered', async (types) => {
  const { code, said, orders } = await run(LOSS, { types });
  expect([code, orders]).toEqual([1, []]);
  expect(said).toContain('Nothing was done. To go on: farol recover --to b --confirm "without a"');
});

test('where nothing is lost nobody has to type anything', async () => {
  const atStake = { kind: 'none', bytes: 0, unheardMs: 0, why: 'all are here', given: [] } as const;
  const plan = { ...LOSS, atStake, confirm: null };
  const { code, said, orders, questions } = await run(plan, { types: null });
  expect(said).toContain('nothing that was acknowledged is lost (0 bytes): all are here.');
  expect([code, questions, orders]).toEqual([
    0,
    [],
    [expect.objectContaining({ confirmed: null })],
  ]);
});

test('of a loss that nobody knows it is said so', async () => {
  const atStake = { ...LOSS.atStake, kind: 'unknown', bytes: null, why: 'a left no word' } as const;
  const { said } = await run({ ...LOSS, atStake }, { types: null });
  expect(said).toContain(
    'acknowledged writes may be LOST, and how many is not known: a left no word',
  );
});

test('where it is not needed nothing is ordered, and it is said why', async () => {
  const { code, said, orders } = await run({ kind: 'refused', why: 'b leads' }, { types: 'x' });
  expect([code, orders]).toEqual([1, []]);
  expect(said).toBe('There is nothing to recover by hand: b leads.');
});

test('where etcd has lost its majority for ever it is said what has to be done at the one that is left', async () => {
  const answers = (member: string, is: boolean) => ({ member, answers: is, knowsLeader: false });
  const etcd = [answers('h1:2379', true), answers('h2:2379', false), answers('h3:2379', false)];
  const { said } = await run({ kind: 'refused', why: 'etcd is silent' }, { types: null, etcd });
  expect(said).toContain('of its 3 members only h1:2379 answers, and 2 must');
  expect(said).toMatch(/ETCD_FORCE_NEW_CLUSTER=true.*rm .*new\.conf.*farol recover.*member add/s);
  // A plain member beside a single one is half of the votes: with settings by which it cannot start all writes would end.
  expect(said).toMatch(/member add NAME --learner .*ETCD_INITIAL_CLUSTER and .*member promote ID/s);
  expect(said).toContain('Behind a cut network they look just as they do now');
  const two = [answers('h1:2379', true), answers('h2:2379', true), answers('h3:2379', false)];
  const refused = await run({ kind: 'refused', why: 'b leads' }, { types: null, etcd: two });
  expect(refused.said).not.toContain('FORCE_NEW');
});

test('of two members the one that is left is let go on by `farol promote`, and nothing is made anew by hand', async () => {
  const etcd = [
    { member: 'h1:2379', answers: true, knowsLeader: false },
    { member: 'h2:2379', answers: false, knowsLeader: false },
  ];
  const { said } = await run({ kind: 'refused', why: 'etcd is silent' }, { types: null, etcd });
  expect(said).toContain('farol promote, as root at the one that is left');
  expect(said).not.toContain('FORCE_NEW');
});

test('a member that runs and hears no other any more is the one that is left, though it answers nobody', async () => {
  const silent = (member: string, runs: boolean) =>
    ({ member, answers: false, runs, knowsLeader: false }) as const;
  const etcd = [silent('h1:2379', true), silent('h2:2379', false), silent('h3:2379', false)];
  const { said } = await run({ kind: 'refused', why: 'etcd is silent' }, { types: null, etcd });
  expect(said).toContain('At the one that is left (h1:2379;');
});

test('what was ordered is listed with who did it, what it cost, and what he typed', () => {
  const record = {
    ...{ at: '2026-11-26T17:00:00.000Z', by: 'eve', asked: 'b', to: 'b', confirmed: 'without a' },
    atStake: LOSS.atStake,
  };
  const [line, odd] = listOf([record, 'garbled']).split('\n');
  expect(line).toMatch(
    /^2026-11-26T17:00:00.000Z {2}eve, asked of b: b leads; confirmed "without a"; up to 200/,
  );
  expect(odd).toBe('"garbled"');
  expect(listOf([])).toBe('Nothing was ever recovered by hand.');
});

const SAID_AT = Date.parse('2026-11-26T13:56:40Z');
const SEEN = { sync: 2, failover: 0, config: 0, timelines: 8, silent: { a: 7 } };

const LOSS: Possible = {
  kind: 'possible',
  to: 'b',
  leaderlessMs: 40_000,
  copies: [{ site: 'b', timeline: 2, lsn: 300, isPrimary: false, left: false, why: null }],
  missing: [
    { site: 'a', answers: false, silentMs: 11_000_000, saidAtMs: SAID_AT, timeline: 2, lsn: 500 },
  ],
  atStake: {
    ...{ kind: 'known', bytes: 200, unheardMs: 8_000, given: ['a'] },
    why: 'a said last that it had 200 bytes more of the log',
  },
  confirm: 'without a',
  seen: SEEN,
};

async function run(
  plan: Plan,
  { types, etcd = [] }: { types: string | null; etcd?: Status['etcd'] },
) {
  const [printed, questions]: [string[], string[]] = [[], []];
  const orders: RecoveryOrder[] = [];
  const operator = {
    status: async () => ({ ...statusWith([]), etcd }),
    recovery: async () => plan,
    recover: async (order: RecoveryOrder) => {
      orders.push(order);
      return 'b has the key.';
    },
  };
  const code = await recover(operator, {
    ...{ to: null, by: 'eve', print: (text: string) => void printed.push(text) },
    confirm: async (question) => {
      questions.push(question);
      return types;
    },
  });
  return { code, orders, questions, said: printed.join('\n') };
}
