import { expect, test } from 'vitest';
import { compare, type Side } from './compare.ts';

test('sides are measured in turn, each comes first as often, and medians are compared', async () => {
  const done: string[] = [];
  const lines: string[] = [];
  const before = side('before', [9, 4, 4, 40, 4], done);
  const here = side('here', [9, 1, 2, 2, 3], done);
  await compare({ sides: [before, here], rounds: 4, print: (line) => lines.push(line) });
  // One of each that does not count.
  const firsts = ['before', 'here'];
  const rounds = ['before', 'here', 'here', 'before', 'before', 'here', 'here', 'before'];
  expect(done).toEqual([...firsts, ...rounds]);
  expect(lines[2]).toBe(
    '| row | 4.000 cpu = 4.000; 5/s, p50 7.0 ms, p99 9.0 ms | 2.000 cpu = 2.000; 5/s, p50 7.0 ms, p99 9.0 ms | 0.50 (0.05-0.75) |',
  );
});

/** Each of its rounds is ten requests, and costs so much for each. */
function side(name: string, costs: readonly number[], done: string[]): Side {
  let [rounds, spent] = [0, 0];
  return {
    name,
    target: {
      name,
      origin: '',
      cpuMs: () => ({ cpu: spent }),
      metrics: async () => '',
      [Symbol.asyncDispose]: async () => undefined,
    },
    rows: [
      {
        name: 'row',
        async round() {
          done.push(name);
          spent += 10 * costs[rounds++]!;
          return { count: 10, seconds: 2, latencies: [1, 7, 9] };
        },
      },
    ],
  };
}
