import type { Event } from '../event.ts';
import { serverNameOf } from '../identifiers.ts';
import { ALLOWED, refused, type Verdict } from './verdict.ts';

/**
 * Rule 4 of versions 1 to 5. It allows where it does not refuse: whoever is of that server need not
 * even be in the room.
 */
export const checkAliases = (event: Event): Verdict => {
  if (event.stateKey === undefined) {
    return refused('aliases.state-key', 'm.room.aliases is a state event');
  }
  return event.stateKey === serverNameOf(event.sender)
    ? ALLOWED
    : refused('aliases.domain', "the state key is not the sender's server");
};
