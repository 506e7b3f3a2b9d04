import type { Event, StateEvent } from '../event.ts';
import { serverNameOf } from '../identifiers.ts';
import { ALLOWED, refused, type Verdict } from './verdict.ts';

/** Rule 3, from version 12 on rule 4. Only `false` itself keeps other servers out. */
export const checkFederate = (event: Event, create: StateEvent): Verdict =>
  create.content['m.federate'] !== false ||
  serverNameOf(event.sender) === serverNameOf(create.sender)
    ? ALLOWED
    : refused('federate', "the room is closed to users of other servers than its creator's");
