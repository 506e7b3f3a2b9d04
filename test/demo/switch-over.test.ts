import { expect, test } from 'vitest';
import { switchOver } from './switch-over.ts';

test('a switchover to another site is asked for by name, to the leading one by leaving the choice', async () => {
  const agent = answering('{"accepted":true,"text":"b leads"}');
  expect(await switchOver(agent, 'b', 'a')).toBe('Switched over: b leads');
  expect(await switchOver(agent, 'a', 'a')).toBe('Switched over: b leads');
  expect(agent.orders).toEqual(['{"to":"b"}', '{"to":null}']);
});

test('a refusal is told in the words of the agent, and not as a command that failed', async () => {
  const agent = answering('{"accepted":false,"text":"c may not lead: its server is sick"}');
  expect(await switchOver(agent, 'c', 'a')).toBe(
    'No switchover: c may not lead: its server is sick',
  );
  expect(await switchOver(answering('', 'curl: (7) refused'), 'c', 'a')).toBe(
    'No switchover: curl: (7) refused',
  );
});

function answering(stdout: string, stderr = '') {
  const orders: string[] = [];
  return {
    name: 'a',
    orders,
    async run(command: readonly string[]) {
      orders.push(command[command.indexOf('-d') + 1]!);
      return { code: 0, stdout, stderr };
    },
  };
}
