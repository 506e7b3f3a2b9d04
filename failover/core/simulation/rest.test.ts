import { expect, test, vi } from 'vitest';
import { mustNotice } from '../../../test/support/planted-mistake.ts';
import type { Cluster } from './cluster.ts';
import { Honesty } from './honesty.ts';
import { type Setting, simulate } from './simulate.ts';
import { Store } from './store.ts';
import { Verdict } from './verdict.ts';
import type { World } from './world.ts';

// What each seed has to show once all is mended (rest.ts), and what is broken then (drills.ts).

vi.setConfig({ testTimeout: 600_000 });

/** Nothing breaks before. */
const drillAlone = (seed: number): Setting => ({ seed, drawn: [], faultsMs: 1_500 });

test('the simulation would notice if a sick server moved nobody', () =>
  mustNotice({ sickIsWell: true }, drillAlone));

// Who was cloned from a clone has no history file but the last; a copy of before that can follow neither (seed 382).
const lacksHistory = (): Setting => ({ seed: 382 });

test('a copy that is refused a history file is cloned anew', () => {
  expect(simulate(lacksHistory()).broken).toBeNull();
});

test('the simulation would notice if it was not', () =>
  mustNotice({ stuckIsLeft: true }, lacksHistory));

test('a status that names a leader who is none is noticed, and so is one that does at rest', () => {
  atRest((world, cluster) => {
    const asItIs = told(world, (honesty) => honesty.look(cluster));
    expect(asItIs).toBeNull();
    const nobodyLed = { ...cluster, etcd: { store: new Store() } } as unknown as Cluster;
    expect(told(world, (honesty) => honesty.look(nobodyLed))).toMatch(/^I5: \w says "(\w) leads/);
    const honesty = new Honesty(world, new Verdict(world));
    expect(honesty.wrongAtRest(cluster)).toBeNull();
    expect(honesty.wrongAtRest(nobodyLed)).toMatch(/ leads: its server writes/);
  });
});

test('so is what an operator is told of a lead that has not moved there', () => {
  atRest((world, { agents }) => {
    const [agent] = agents.values();
    const answer = (text: string) => ({ accepted: true, text });
    const moved = answer("Patroni's leader is now b.");
    expect(told(world, (honesty) => honesty.answered(agent!, moved, 'b'))).toBeNull();
    expect(told(world, (honesty) => honesty.answered(agent!, moved, 'c'))).toMatch(
      /^I5: a answers/,
    );
    const stays = answer('b leads already.');
    expect(told(world, (honesty) => honesty.answered(agent!, stays, 'c'))).toMatch(
      /^I5: a answers/,
    );
  });
});

/** With what is there, well, after a while. */
function atRest(look: (world: World, cluster: Cluster) => void): void {
  let looked = false;
  simulate({
    ...{ seed: 1, faultsMs: 5_000 },
    faults: (world, cluster) => {
      world.network.lossRate = 0;
      world.time.after(4_000, () => {
        looked = true;
        look(world, cluster);
      });
    },
  });
  expect(looked).toBe(true);
}

function told(world: World, tell: (honesty: Honesty) => void): string | null {
  const verdict = new Verdict(world);
  tell(new Honesty(world, verdict));
  return verdict.broken;
}
