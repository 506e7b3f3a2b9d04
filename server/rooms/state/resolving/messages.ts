import type { EventId, RoomId } from '../../../protocol/identifiers.ts';
import type { StateMap } from '../../../protocol/state-resolution/conflict.ts';
import type { EventText } from '../../read/stored-event.ts';

export interface NamedConflict {
  readonly unconflicted: StateMap;
  readonly conflicted: readonly StateMap[];
}

/** Those that are known of these. */
export type TellEvents = (ids: readonly EventId[]) => Promise<readonly EventText[]>;

/** What the server tells the worker: a conflict of states, and the events of it that it asks for. */
export type Told = Task | { readonly kind: 'events'; readonly events: readonly EventText[] };

export interface Task extends NamedConflict {
  readonly kind: 'resolve';
  readonly roomId: RoomId;
  readonly version: string;
}

/** What the worker says to it. */
export type Said =
  | { readonly kind: 'asks'; readonly ids: readonly EventId[] }
  | { readonly kind: 'resolved'; readonly resolved: StateMap };
