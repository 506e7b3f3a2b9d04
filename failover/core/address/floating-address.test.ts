import { expect, test } from 'vitest';
import { selfAt } from '../../../test/support/self.ts';
import type { Effect } from '../effects.ts';
import type { Input } from '../inputs.ts';
import { step } from '../machine.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import { explain } from '../told/explain.ts';
import { StoryEtcd } from '../told/story-etcd.ts';

test('an order to hold it that failed may have been carried out: it is dropped before another site may take it', () => {
  const site = holder();
  const asked = failsToHold(site, 3);
  expect(asked).toContain('drop-address');
  expect(asked).not.toContain('release');
  expect(site.take({ kind: 'address-dropped' })).toContain('release');
});

test('an order to hold it that is under way has to end before the lease is given up: it may come true yet', () => {
  const site = holder();
  const asked = site.take({ kind: 'front', healthy: false, connections: 0 });
  while (site.now < 4_500) asked.push(...site.pulses());
  expect(asked).not.toContain('release');
  expect(site.take({ kind: 'address-held' })).toContain('drop-address');
});

test('a driver that can do nothing at all keeps the address only for as long as the kernel does', () => {
  const site = holder();
  site.take({ kind: 'address-held' });
  failsToHold(site, 3);
  const { heldUntil } = site;
  let asked: string[] = [];
  while (!asked.includes('release') && site.now < 20_000) {
    asked = site.take({ kind: 'failed', effect: 'drop-address', reason: 'ip: cannot fork' });
    asked.push(...site.pulses());
  }
  expect(asked).toContain('release');
  expect(site.now).toBeGreaterThan(heldUntil);
  expect(site.now).toBeLessThan(heldUntil + 2 * TIMINGS.addressLeaseMs);
});

test('a driver that has not been asked since it failed is not said to fail still', () => {
  const site = holder();
  failsToHold(site, 1);
  expect(site.says()).toContain('Here its driver fails: ip ended with 2.');
  site.now += 11_000;
  site.pulses();
  expect(site.says()).toContain('Here its driver failed when it was asked last: ip ended with 2.');
});

/** Each time anew, as the next pulse prolongs the lease. */
function failsToHold(site: Site, times: number): string[] {
  const asked: string[] = [];
  for (let i = 0; i < times; i++) {
    asked.push(...site.pulses());
    asked.push(...site.take({ kind: 'failed', effect: 'hold-address', reason: 'ip ended with 2' }));
  }
  return asked;
}

type Site = ReturnType<typeof holder>;

/** Site a beside two that are well: it has the lease, but its interface does not carry the address yet. */
function holder() {
  const etcd = new StoryEtcd({});
  let state: State = start(selfAt('a', { boot: '2' }), 0);
  let effects: readonly Effect[] = [];
  const site = {
    now: 0,
    heldUntil: 0,
    take(input: Input): string[] {
      site.now += 100;
      ({ state, effects } = step(state, input, site.now, TIMINGS));
      for (const effect of effects)
        if (effect.kind === 'hold-address') site.heldUntil = effect.until;
      return effects.map(({ kind }) => kind);
    },
    says: () => explain(state, site.now, TIMINGS).address,
    pulses(): string[] {
      const sentAt = site.now;
      const view = etcd.read();
      return site.take({ kind: 'pulsed', sentAt, holds: { address: 5 }, renewed: true, view });
    },
  };
  site.take({ kind: 'read', view: etcd.change('leader b 3, address a 5, patroni b') });
  site.take({ kind: 'address-found', present: false });
  site.take({ kind: 'front', healthy: true, connections: 0 });
  expect(site.pulses()).toContain('hold-address');
  return site;
}
