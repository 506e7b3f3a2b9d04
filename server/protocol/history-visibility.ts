import type { JsonValue } from './json.ts';

export type HistoryVisibility = 'world_readable' | 'shared' | 'invited' | 'joined';

/** Where nothing is set, or nothing that is understood, history is shared. */
export function historyVisibilityOf(value: JsonValue | undefined): HistoryVisibility {
  switch (value) {
    case 'world_readable':
    case 'invited':
    case 'joined':
      return value;
    default:
      return 'shared';
  }
}

/** The room as it was at the event. */
export interface AtEvent {
  readonly visibility: HistoryVisibility;
  /** The user's membership; undefined where they had none. */
  readonly membership: string | undefined;
}

/**
 * Whether a user may see an event (Room history visibility, "Server behaviour"). For the events that
 * set the visibility, and for the user's own membership events, `after` is the room behind the event:
 * they are seen if either side allows it. `joinedLater`: the user joined at any point after the event.
 */
export function maySee(before: AtEvent, joinedLater: boolean, after?: AtEvent): boolean {
  return allows(before, joinedLater) || (after !== undefined && allows(after, joinedLater));
}

function allows({ visibility, membership }: AtEvent, joinedLater: boolean): boolean {
  if (visibility === 'world_readable') return true;
  if (membership === 'join') return true;
  if (visibility === 'shared' && joinedLater) return true;
  return visibility === 'invited' && membership === 'invite';
}
