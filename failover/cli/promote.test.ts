import { expect, test } from 'vitest';
import { statusWith } from '../../test/support/site-status.ts';
import type { AloneRecord, Plan, RecoveryOrder } from '../status/recovery.ts';
import type { EtcdMemberStatus, Status } from '../status/status.ts';
import { promote } from './promote.ts';

const WHOLE = 'h1 and h3 are off, only here, without what only they had';

test('what no machine can know is asked one by one, and only where each is answered etcd goes on alone, which is written down; then the loss is named and confirmed', async () => {
  const answers = [...WHOLE.split(', '), 'without a'];
  const { code, said, done, records, orders } = await run({ types: answers });
  expect(said).toMatch(/left at this site alone, and h1 and h3 are silent/);
  expect(said).toMatch(
    /1\. Who has seen that h1 and h3 are off.*2\. Has nobody.*3\. What was ack/s,
  );
  expect(done).toEqual([`by eve at ${AT}, who said: ${WHOLE}`]);
  expect(records).toEqual([
    { at: AT, by: 'eve', asked: 'b', without: ['h1', 'h3'], confirmed: WHOLE },
  ]);
  expect(said).toContain('of acknowledged writes are LOST');
  expect(orders).toMatchObject([{ to: 'b', confirmed: 'without a', by: 'eve' }]);
  expect([code, said.endsWith('b has the key.')]).toEqual([0, true]);
});

test.each<[string, string[]]>([
  ['yes', ['yes']],
  ['the first alone', ['h1 and h3 are off', 'no']],
  ['all but the last', ['h1 and h3 are off', 'only here', '']],
  ['another answer to the first', ['h1 is off', 'only here', 'without what only they had']],
])('where %s is typed nothing is done', async (_, types) => {
  const { code, said, done, records } = await run({ types });
  expect([code, done, records]).toEqual([1, [], []]);
  expect(said).toContain(`farol promote --confirm "${WHOLE}"`);
});

test('a script says all of it at once, and of the loss what recover names has to be confirmed on its own', async () => {
  const { code, done, orders, said } = await run({ types: [WHOLE, WHOLE, WHOLE, WHOLE] });
  expect([code, done.length, orders]).toEqual([1, 1, []]);
  expect(said).toContain('farol recover --to b --confirm "without a"');
});

test.each<[string, Partial<Status>, RegExp]>([
  ['etcd has a majority', { etcd: [up('h2'), up('h1'), down('h3')] }, /has a majority/],
  ['etcd is not known', { etcd: [] }, /or it is not known/],
  ['etcd here does not run', { etcd: [down('h2'), down('h1'), down('h3')] }, /does not run here/],
  ['another member runs', { etcd: [runs('h2'), runs('h1'), down('h3')] }, /^.*h1 can be reached/],
  ['another agent answers', { peers: [peer('a', true)] }, /: a can be reached/],
])('it is refused where %s, and said why', async (_, status, why) => {
  const { code, said, done } = await run({ types: [WHOLE, WHOLE, WHOLE], status });
  expect([code, done]).toEqual([1, []]);
  expect(said).toMatch(why);
});

test('a member that heard too few others answers nothing, and is the last one all the same', async () => {
  const status = { etcd: [runs('h2'), down('h1')], peers: [peer('a', false)] };
  const types = ['h1 is off', 'only here', 'without what only they had', 'without a'];
  expect(await run({ types, status })).toMatchObject({ code: 0, records: [{ without: ['h1'] }] });
});

test('where etcd does not go on alone nothing is written down nor ordered', async () => {
  const { code, said, records, orders } = await run({ types: [WHOLE, WHOLE, WHOLE], alone: false });
  expect([code, records, orders]).toEqual([1, [], []]);
  expect(said).toContain('did not go on alone');
});

test('whoever leads by then needs no order', async () => {
  const led = { leader: 'b', writes: { kind: 'wait', sinceMs: 0, confirming: [] } } as const;
  const { code, said, orders } = await run({ types: [WHOLE, WHOLE, WHOLE], after: led });
  expect([code, orders]).toEqual([0, []]);
  expect(said).toMatch(/b leads\. With three sites nothing is acknowledged before another/);
});

test('where nobody may be promoted it is said why', async () => {
  const plan = { kind: 'refused', why: 'Patroni is paused' } as const;
  const { code, said } = await run({ types: [WHOLE, WHOLE, WHOLE], plan });
  expect([code, said.endsWith('Patroni is paused. Ask again: farol recover')]).toEqual([1, true]);
});

const AT = '2026-11-28T05:00:00.000Z';

function up(host: string): EtcdMemberStatus {
  return { member: `${host}:2379`, answers: true, knowsLeader: true };
}

function runs(host: string): EtcdMemberStatus {
  return { member: `${host}:2379`, answers: false, runs: true, knowsLeader: false };
}

function down(host: string): EtcdMemberStatus {
  return { member: `${host}:2379`, answers: false, runs: false, knowsLeader: false };
}

function peer(site: string, answers: boolean) {
  return { site, answers, trouble: null, etcdSilentMs: null };
}

const LOSS: Plan = {
  kind: 'possible',
  ...{ to: 'b', leaderlessMs: 40_000, missing: [], confirm: 'without a' },
  copies: [{ site: 'b', timeline: 2, lsn: 300, isPrimary: false, left: false, why: null }],
  atStake: { kind: 'known', bytes: 200, unheardMs: 0, why: 'a has more', given: ['a'] },
  seen: { sync: 2, failover: 0, config: 0, timelines: 8, silent: { a: 7 } },
};

interface Case {
  /** One answer after the other. */
  readonly types: readonly string[];
  readonly status?: Partial<Status>;
  /** The status once etcd is alone. */
  readonly after?: Partial<Status>;
  readonly plan?: Plan;
  readonly alone?: boolean;
}

async function run({ types, status = {}, after = {}, plan = LOSS, alone = true }: Case) {
  const [printed, done]: [string[], string[]] = [[], []];
  const records: AloneRecord[] = [];
  const orders: RecoveryOrder[] = [];
  const lost = {
    ...{ ...statusWith([]), site: 'b', leader: 'a' },
    etcd: [up('h2'), down('h1'), down('h3')],
  };
  const left = [...types];
  const code = await promote(
    {
      status: async () => ({ ...lost, ...(done.length === 0 ? status : after) }),
      recovery: async () => plan,
      recover: async (order) => {
        orders.push(order);
        return 'b has the key.';
      },
    },
    {
      ...{ by: 'eve', at: AT, print: (text) => void printed.push(text) },
      confirm: async () => left.shift() ?? null,
      patience: { aloneWithinMs: 0, decidedWithinMs: 0, lookEveryMs: 1 },
      member: {
        goOnAlone: async (said) => void done.push(said),
        isAlone: async () => alone,
        writeDown: async (record) => void records.push(record),
      },
    },
  );
  return { code, done, records, orders, said: printed.join('\n') };
}
