import type { EventId, RoomId, UserId } from '../protocol/identifiers.ts';
import type { Membership, PastMembership } from './membership/membership.ts';
import type { RoomEvent } from './room-event.ts';
import type { RelationsReader, SeenEvent } from './seen-event.ts';
import type { Place } from './store.ts';

/** Committed data only. Everything that may read the database is a promise. */
export interface Room {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly version: string;
  /** Position of the last event in the timeline. */
  readonly lastPosition: number;
  /** It was joined without its members, and they are not here yet: who is in it, or banned, is not known. */
  readonly isPartial: boolean;
  /** Where in the log they came; 0 where they came along. */
  readonly wholeAt: number;
  readonly joinedCount: number;
  readonly invitedCount: number;

  /** Where it is what it was before, `state` has the same events, word for word. To be read in the turn in which that is asked. */
  readonly stateMark: string;

  membershipOf(userId: UserId): Membership | undefined;
  members(membership: Membership): Iterable<UserId>;

  /** The current state event at this key. */
  stateEvent(type: string, stateKey: string): Promise<RoomEvent | undefined>;
  /** The current state, narrowed by key before anything is loaded. */
  state(only?: StateKeyTest): Promise<RoomEvent[]>;
  /** The state as it stood behind this position of the log. */
  stateAt(position: number, only?: StateKeyTest): Promise<RoomEvent[]>;
  /** The same at these keys alone, without going through the rest. */
  stateEventsAt(
    position: number,
    keys: readonly (readonly [type: string, stateKey: string])[],
  ): Promise<RoomEvent[]>;
  /** The state after an event, wherever in the history it stands. */
  stateAfter(event: RoomEvent, only?: StateKeyTest): Promise<RoomEvent[]>;
  /** The same at these keys alone, without reading the rest. */
  stateEventsAfter(
    event: RoomEvent,
    keys: readonly (readonly [type: string, stateKey: string])[],
  ): Promise<RoomEvent[]>;
  /** The newest event of each key whose state changed in (after, upTo]. */
  stateDelta(range: { after: number; upTo: number }, only?: StateKeyTest): Promise<RoomEvent[]>;

  /**
   * The newest `limit` events of the timeline in (after, upTo], in ascending order of position;
   * `limited` if there are more in that range. Not narrowed by visibility: see `visibleTo`.
   */
  timeline(range: { after: number; upTo: number; limit: number }): Promise<Timeline>;

  /**
   * All of the timeline in (after, upTo], where memory has it and everybody who was in the room all the time is shown
   * the same of it: messages to which nothing relates, in a room where everything is kept. Undefined where one would have to look.
   */
  toldToAll(range: { after: number; upTo: number }): readonly RoomEvent[] | undefined;

  event(eventId: EventId): Promise<RoomEvent | undefined>;
  /** Of many, those that there are, in one question. */
  events(eventIds: readonly EventId[]): Promise<RoomEvent[]>;
  /** The same events, to be rendered as servers send them to each other. */
  federationForms(events: readonly RoomEvent[]): Promise<RoomEvent[]>;
  /** Those that history visibility lets the user see, with the user's membership at each. */
  visibleTo(userId: UserId, events: readonly RoomEvent[]): Promise<SeenEvent[]>;
  /** Events of the state, as a reader who may see it is shown them: all that goes to clients goes through it. */
  shownTo(userId: UserId, state: readonly RoomEvent[]): Promise<RoomEvent[]>;
  /** Whether that is always all of them, as they are. */
  showsAllTo(userId: UserId): Promise<boolean>;
  /** The same events, each with what relates to it and the reader may know. */
  withRelations(reader: RelationsReader, seen: readonly SeenEvent[]): Promise<readonly SeenEvent[]>;
  /** Those of the events to which something relates that the reader may know. */
  relatedBy(
    reader: UserId,
    events: readonly RoomEvent[],
    by: RelatedBy | undefined,
  ): Promise<readonly RoomEvent[]>;
  /** Every membership event that the user ever had in the room, in order. */
  membershipHistory(userId: UserId): Promise<readonly PastMembership[]>;
  /** The event that ended the user's last stay in the room; undefined if there was none. */
  departureOf(userId: UserId): Promise<RoomEvent | undefined>;
  /** One page of the room in its own order, already narrowed to what the reader may see, and as they are shown it. */
  page(request: PageRequest): Promise<Page>;
  /** The same; and where what is here breaks off, other servers in the room are asked for what comes before. */
  history(request: PageRequest): Promise<Page>;
  /** The roots of threads that the reader may see, that with the newest event first. */
  threads(request: ThreadsRequest): Promise<Threads>;
  /** The event that the reader may see and that is nearest to a moment, before or behind it. */
  nearestEvent(reader: UserId, moment: Moment): Promise<RoomEvent | undefined>;
  /** Just behind the last event of the timeline up to this position of the log. */
  placeAt(position: number): Promise<Place>;
  /** Behind all that was in the timeline up to this position, however deep it is: from there it is paged back to all of it. */
  upperEdge(position: number): Promise<Place>;
  /** Before all that came into the timeline behind this position: from there it is paged forth to all of it. */
  lowerEdge(position: number): Promise<Place>;
  /** The last event of the room that lies before this place. */
  eventBefore(place: Place): Promise<RoomEvent | undefined>;
  /** The event by which somebody was first in the room, as far as its history is here. */
  firstMember(): Promise<RoomEvent | undefined>;
  /** The state that someone who is invited or knocks is shown. */
  strippedState(): Promise<RoomEvent[]>;
  /** The same as another server has told it to somebody whom it invited, or who knocks there: as JSON, each one. */
  toldOutside(userId: UserId): Promise<readonly string[] | undefined>;
}

export interface Moment {
  /** Milliseconds since 1970, by the events' own `origin_server_ts`. */
  readonly ts: number;
  readonly direction: 'b' | 'f';
}

export type StateKeyTest = (type: string, stateKey: string) => boolean;

export interface Timeline {
  readonly events: RoomEvent[];
  readonly limited: boolean;
}

export interface PageRequest {
  readonly reader: UserId;
  /** Whatever the history visibility: for whoever answers for this server. */
  readonly seesAll?: boolean | undefined;
  /** Just behind the event with this place, going back or forth from there. */
  readonly from: Place;
  /** Where to stop: just behind the event with this place. */
  readonly to?: Place | undefined;
  readonly direction: 'b' | 'f';
  readonly limit: number;
  /** Every event unless told. */
  readonly wanted?: ((event: RoomEvent) => boolean) | undefined;
  /** Where a filter names them: spares reading the rest. `*` stands for any characters. */
  readonly types?: readonly string[] | undefined;
  readonly senders?: readonly string[] | undefined;
  /** Only events to which something relates. */
  readonly relatedBy?: RelatedBy | undefined;
  /** Only what relates to one event. */
  readonly relatedTo?: RelatedTo | undefined;
  /** Whether it is looked for where history breaks off. */
  readonly seeksBreaks?: boolean | undefined;
}

/** That something relates to it, of one of these kinds and by one of these users. */
export interface RelatedBy {
  readonly relTypes: readonly string[] | undefined;
  readonly senders: readonly string[] | undefined;
}

export interface RelatedTo {
  readonly eventId: EventId;
  readonly relType?: string | undefined;
  readonly type?: string | undefined;
  /** Also what relates to that in turn, over so many hops in all; 1 for no others. */
  readonly hops: number;
}

export interface Page {
  /** In the direction asked for. */
  readonly events: SeenEvent[];
  /** Where the next page begins. */
  readonly end: Place;
  /** There is nothing further. */
  readonly isLast: boolean;
  /** Where it was looked for, going back: what events of the page follow, and has no place here. */
  readonly brokenOff?: readonly Break[] | undefined;
}

export interface Break {
  readonly eventId: EventId;
  /** The nearest event that follows it. */
  readonly followedBy: Place;
}

export interface ThreadsRequest {
  readonly reader: UserId;
  /** Just behind the newest event of the last thread that was given out. */
  readonly from?: Place | undefined;
  readonly participated: boolean;
  readonly limit: number;
}

export interface Threads {
  readonly roots: readonly SeenEvent[];
  /** Where the next page begins; undefined if there is nothing further. */
  readonly end: Place | undefined;
}

/** What is going to be asked of each of the rooms: it is read for all of them together. */
export interface Preloading {
  /** How many of the newest events of the timeline. */
  readonly timeline?: number | undefined;
  /** Which events of the current state. */
  readonly state?: StateKeyTest | undefined;
}
