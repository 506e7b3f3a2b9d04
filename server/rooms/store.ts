import type { roomStore } from '../storage/rooms/room-store.ts';

/** Reads show what is committed. Rows go into a change. Their shapes stand where the tables are. */
export type RoomStore = ReturnType<typeof roomStore>;
export type RoomRows = RoomStore['rows'];

export type {
  EventStanding,
  NewEvent,
  PageEntry,
  PageQuery,
  StoredEvent,
} from '../storage/rooms/events.ts';
export type { ListedRoom } from '../storage/rooms/listed-rooms.ts';
export type { Place } from '../storage/rooms/places.ts';
export type {
  BundleQuery,
  RelatedQuery,
  StoredBundle,
  StoredRelation,
  StoredThread,
  ThreadQuery,
} from '../storage/rooms/relations.ts';
export type { StoredRoom } from '../storage/rooms/rooms.ts';
export type { LogRange, StateChange } from '../storage/rooms/state.ts';
export type { StoredStateKey as StateKey } from '../storage/rooms/state-keys.ts';
export type { TimelineGap } from '../storage/rooms/timeline-gaps.ts';
export type { StoredMore, StoredTimeline } from '../storage/rooms/timelines.ts';
