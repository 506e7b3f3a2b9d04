import { expect, test, vi } from 'vitest';
import { otherIsGivenUp } from './promoted.ts';
import { simulate } from './simulate.ts';
import { once } from './stories.ts';

vi.setConfig({ testTimeout: 600_000 });

test('of two sites one is given up by an administrator, off or only cut off with its clients: two never answer, only what he was told of is lost, and what returns answers nobody before it is taken in anew', () => {
  const [kinds, gone] = [new Set<string>(), new Set<boolean>()];
  const refused = new Set<string>();
  let promoted = 0;
  const faults = once(
    otherIsGivenUp(({ site, sync, atStake }) => {
      promoted++;
      kinds.add(atStake.kind);
      gone.add(sync?.leader === site || sync?.standbys.includes(site) === true);
    }),
  );
  for (let seed = 1; seed <= 40; seed++) {
    const outcome = simulate({ seed, withoutWitness: true, witness: true, faults });
    for (const each of outcome.story.filter((line) => line.includes('may be given up')))
      refused.add(each.slice(8));
    expect(outcome.broken, `seed ${seed}\n${outcome.story.slice(-60).join('\n')}`).toBeNull();
  }
  expect(promoted, [...refused].join('\n')).toBeGreaterThanOrEqual(35);
  expect([...kinds]).toContain('known');
  expect(gone).toContain(true);
});
