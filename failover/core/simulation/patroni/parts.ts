import type { Copying } from './copying.ts';
import type { Hearing } from './hearing.ts';
import type { LeaderKey } from './leader-key.ts';
import type { Process } from './process.ts';
import type { Synchronous } from './synchronous.ts';

/** Of one Patroni, those that others of its parts need. */
export interface Parts {
  readonly process: Process;
  readonly hearing: Hearing;
  readonly key: LeaderKey;
  readonly copying: Copying;
  readonly synchronous: Synchronous;
}
