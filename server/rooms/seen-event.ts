import type { EventId, UserId } from '../protocol/identifiers.ts';
import type { Membership } from './membership/membership.ts';
import { type Rendering, type RoomEvent, renderEvent } from './room-event.ts';

/** An event as one reader sees it. */
export interface SeenEvent {
  readonly event: RoomEvent;
  readonly membership: Membership;
  readonly relations?: Relations | undefined;
}

/** What relates to an event and is shown along with it (Aggregations of child events). */
export interface Relations {
  /** The newest one. */
  readonly edit: SeenEvent | undefined;
  readonly thread: Thread | undefined;
  readonly references: readonly EventId[] | undefined;
}

export interface Thread {
  readonly latest: SeenEvent;
  readonly count: number;
  readonly participated: boolean;
}

/** To whom relations are shown. */
export interface RelationsReader {
  readonly userId: UserId;
  /** Where it is known already whom the reader ignores. */
  readonly ignored?: ReadonlySet<UserId> | undefined;
}

export function renderSeen({ event, membership, relations }: SeenEvent, reader: Rendering): string {
  return renderEvent(event, reader, {
    membership,
    relations: relations && renderRelations(relations, reader),
  });
}

function renderRelations({ edit, thread, references }: Relations, reader: Rendering): string {
  const members: string[] = [];
  if (edit) members.push(`"m.replace":${renderSeen(edit, reader)}`);
  if (thread) members.push(`"m.thread":${renderThread(thread, reader)}`);
  if (references) members.push(`"m.reference":${renderReferences(references)}`);
  return members.join(',');
}

const renderThread = ({ latest, count, participated }: Thread, reader: Rendering): string =>
  `{"count":${count},"current_user_participated":${participated},"latest_event":${renderSeen(latest, reader)}}`;

const renderReferences = (references: readonly EventId[]): string =>
  JSON.stringify({ chunk: references.map((event_id) => ({ event_id })) });
