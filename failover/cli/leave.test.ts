import { expect, test } from 'vitest';
import type { Status } from '../status/status.ts';
import { leave } from './leave.ts';

type Places = Pick<Status, 'leader' | 'primary' | 'address'>;
const at = (leader: string | null, primary: string | null, address: string | null): Places => ({
  leader,
  primary,
  address,
});

test('a site that leads nothing may go at once', async () => {
  const { code, ordered, said } = await leaves([at('b', 'b', 'b')]);
  expect([code, ordered]).toEqual([0, 0]);
  expect(said).toContain('a leads nothing');
});

test('a site that leads gives the lead away, and goes when the address has followed', async () => {
  const story = [at('a', 'a', 'a'), at('a', 'b', 'a'), at('b', 'b', 'a'), at('b', 'b', 'b')];
  const { code, ordered, looks } = await leaves(story);
  expect([code, ordered, looks]).toEqual([0, 1, 4]);
});

test('a site that has the address alone waits for that: nobody moves the lead for it', async () => {
  const { code, ordered } = await leaves([at('b', 'b', 'a'), at('b', 'b', 'b')]);
  expect([code, ordered]).toEqual([0, 0]);
});

test('where no other site may lead, it says why, and keeps no machine from going down', async () => {
  const { code, said, looks } = await leaves([at('a', 'a', 'a')], 'no other site may lead');
  expect([code, looks]).toEqual([1, 1]);
  expect(said).toContain('no other site may lead');
});

test('what does not come in time is named', async () => {
  const { code, said } = await leaves([at('a', 'a', 'a'), at('b', 'b', 'a')]);
  expect(code).toBe(1);
  expect(said).toContain('it still has the address');
});

/** What comes of it at site a: the cluster is as each of these says, one look after the other, and then stays so. */
async function leaves(story: readonly Places[], refused?: string) {
  let [looks, ordered] = [0, 0];
  const said: string[] = [];
  const operator = {
    status: async () => ({ site: 'a', ...story[Math.min(looks++, story.length - 1)] }) as Status,
    switchover: async () => {
      ordered++;
      if (refused !== undefined) throw new Error(refused);
      return 'moved to b';
    },
  };
  const patience = { withinMs: 50, lookEveryMs: 1 };
  const code = await leave(operator, (text) => said.push(text), patience);
  return { code, ordered, looks, said: said.join('\n') };
}
