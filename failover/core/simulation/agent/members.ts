import type { Deeds, EffectOf } from '../../effects.ts';
import { writeAlone } from '../../etcd/transactions.ts';
import { NAMES, patroniConfigIn, type Store } from '../store.ts';
import type { Parts } from './parts.ts';

/** The last site with power (docs/going-alone.md). */
export const deedsWithMembers = (parts: Parts) =>
  ({
    'go-alone': (effect) => goAlone(parts, effect),
    'remove-member': ({ kind, member }) =>
      parts.etcd.ask(
        kind,
        () => remove(parts, member),
        () => ({ kind: 'done', effect: kind }),
      ),
    'promote-member': ({ kind, member }) =>
      parts.etcd.ask(
        kind,
        () => parts.machines.etcd.membership?.promote(member),
        () => ({ kind: 'done', effect: kind }),
      ),
  }) satisfies Partial<Deeds<void>>;

function goAlone({ site, world, etcd }: Parts, effect: EffectOf<'go-alone'>): void {
  const act = (store: Store) => {
    const done = store.transact(writeAlone(NAMES, site, effect, patroniConfigIn(store)));
    return { done, view: store.view() };
  };
  etcd.ask('go-alone', act, ({ done, view }) => {
    const what = effect.leaver === null ? 'is not alone any more' : 'may be alone';
    if (done) world.note(`${site} ${what}`);
    return { kind: 'alone-written', view };
  });
}

/** Planted: who leaves is removed as soon as the third one is. */
function remove({ site, world, machines }: Parts, member: string): void {
  const { membership } = machines.etcd;
  const own = membership?.listFor(site).members.find(({ name }) => name === site);
  membership?.remove(member);
  if (world.bugs.leavesBeforeItHeard && own !== undefined) membership?.remove(own.id);
}
