import { reasonNotToPromote } from '../../timelines.ts';
import type { Postgres } from '../postgres.ts';
import { primaryOf } from '../store.ts';
import type { World } from '../world.ts';
import type { Runner } from './pre-promote.ts';

const AGAIN_MS = 500;

/**
 * What Patroni runs in the place of pg_rewind, and before it clones (failover/promotion), with the decision of the real
 * program: waits until its source has gone through what acknowledged; or until somebody else leads, and then not.
 */
export function awaitSource(
  source: Postgres,
  { bugs }: World,
  { ask, later }: Runner,
  then: (mayCopy: boolean) => void,
): void {
  const look = (): void =>
    ask(
      (store) => ({ leads: primaryOf(store), timelines: store.view().timelines }),
      (answer) => {
        if (answer === null) {
          later(AGAIN_MS, look);
          return;
        }
        const refused =
          answer.timelines === null || reasonNotToPromote(source.chain, answer.timelines) !== null;
        if (answer.leads !== source.site) then(false);
        else if ((source.up && !refused) || bugs.copiesFromAny) then(true);
        else later(AGAIN_MS, look);
      },
    );
  look();
}
