import { expect, test } from 'vitest';
import { NAMES, Store } from '../core/simulation/store.ts';
import { acknowledge, NO_TIMELINES } from '../core/timelines.ts';
import { type Awaiting, awaitSource } from './await-source.ts';
import { memberIn } from './members.ts';
import { hostIn } from './source.ts';

test('a source that has gone through the timeline which acknowledged may be copied', async () => {
  expect(await wait(storeOf('p'), { chain: async () => [1, 3] })).toEqual(['copy', []]);
});

test('one that has not is waited for as long as it leads', async () => {
  const store = storeOf('p');
  const chains = [[1], [1], [1, 3]];
  const [awaited, said] = await wait(store, { chain: async () => chains.shift()! });
  expect([awaited, chains]).toEqual(['copy', []]);
  // Once for each reason.
  expect(said).toEqual([expect.stringContaining('not gone through timeline 3')]);
});

test('when another site leads, or nobody, there is nothing to wait for', async () => {
  const chain = async () => [1];
  const store = storeOf('p');
  const begun = wait(store, { chain });
  store.put(NAMES.patroniLeader, 'x', '1');
  expect((await begun)[0]).toBe('over');
  store.remove(NAMES.patroniLeader);
  expect((await wait(store, { chain }))[0]).toBe('over');
});

test('a source that leads no more is not copied, though it has everything', async () => {
  expect((await wait(storeOf('x'), { chain: async () => [1, 3] }))[0]).toBe('over');
});

test('nor is it waited for where Patroni itself has ended', async () => {
  expect((await wait(storeOf('p'), { isWaitedFor: () => false }))[0]).toBe('over');
});

test('what cannot be known is a no: a source that does not answer, a key that cannot be read', async () => {
  const store = storeOf('p');
  const answers = [new Error('connection refused'), [1, 3]];
  const chain = async () => {
    const answer = answers.shift()!;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  expect(await wait(store, { chain })).toEqual(['copy', ['connection refused']]);
  store.put(NAMES.timelines, '{"given":"many"}');
  let looks = 3;
  const unread = await wait(store, { isWaitedFor: () => looks-- > 0 });
  expect(unread).toEqual(['over', [expect.stringContaining('cannot be read')]]);
});

test('a connection string of Patroni’s tells where the source is', () => {
  expect(hostIn('dbname=postgres user=rewind host=10.0.0.2 port=5432')).toBe('10.0.0.2');
  expect(hostIn("user=replicator host='fd00::2' port=5432")).toBe('fd00::2');
  const member = {
    api_url: 'https://[fd00::2]:8010/patroni',
    conn_url: 'postgres://[fd00::2]:5432/p',
  };
  const found = { key: '', text: '', json: member, revision: 1, lease: null };
  expect(memberIn(found)?.postgresHost).toBe(hostIn('host=fd00:0:0::2 port=5432'));
  expect(() => hostIn('dbname=postgres')).toThrow('without a host');
});

/** p leads at 10.0.0.1, and timeline 3 has acknowledged. */
function storeOf(leader: string): Store {
  const store = new Store();
  store.put(NAMES.patroniLeader, leader, '1');
  store.put(NAMES.timelines, acknowledge(NO_TIMELINES, 'a', { led: 3, key: 5 }));
  for (const [site, host] of [
    ['p', '10.0.0.1'],
    ['x', '10.0.0.2'],
  ])
    store.put(NAMES.patroniMember(site!), {
      api_url: `https://${host}:8010/patroni`,
      conn_url: `postgres://${host}:5432/postgres`,
    });
  return store;
}

async function wait(store: Store, otherwise: Partial<Awaiting> = {}) {
  const said: string[] = [];
  const awaited = await awaitSource({
    names: NAMES,
    etcd: { read: async (...keys) => keys.map((key) => store.get(key)) },
    host: '10.0.0.1',
    chain: async () => [1, 3],
    isWaitedFor: () => true,
    say: (why) => said.push(why),
    everyMs: 1,
    ...otherwise,
  });
  return [awaited, said] as const;
}
