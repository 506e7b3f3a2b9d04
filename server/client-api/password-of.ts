import type { Person } from '../protocol/caller.ts';
import type { UiaFlows } from '../protocol/interactive-auth.ts';

/** What a user must prove for what a stolen token may not do; an application service's are asked for nothing. */
export const passwordOf = (caller: Person): UiaFlows | undefined =>
  caller.kind === 'user' && caller.service ? undefined : [['m.login.password']];
