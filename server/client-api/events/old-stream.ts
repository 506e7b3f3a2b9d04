import { invalidParam } from '../../http/matrix-error.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Filters } from '../../sync/v3/filter/filters.ts';
import type { Sync } from '../../sync/v3/sync.ts';

export interface OldStreamPorts {
  readonly sync: Pick<Sync, 'answer' | 'tellsAll'>;
  readonly syncFilters: Pick<Filters, 'of'>;
}

export interface OldStreamQuestion {
  readonly userId: UserId;
  readonly since: string | undefined;
  readonly filter: JsonObject;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What /sync answers, as far as the endpoints of before tell it. */
export interface Told {
  readonly next_batch: string;
  readonly presence?: Events;
  readonly account_data?: Events;
  readonly rooms?: {
    readonly join?: Readonly<Record<string, ToldRoom>>;
    readonly leave?: Readonly<Record<string, ToldRoom>>;
    readonly invite?: Readonly<Record<string, { readonly invite_state: Events }>>;
  };
}

export interface ToldRoom {
  readonly timeline: Events & { readonly prev_batch: string };
  readonly state?: Events;
  readonly state_after?: Events;
  readonly ephemeral?: Events;
  readonly account_data?: Events;
}

interface Events {
  readonly events: readonly JsonObject[];
}

/**
 * No device has this name: who reads by the endpoints of before has not taken what was sent to their device, which a token of
 * theirs would say.
 */
const NO_DEVICE = '';

/** The endpoints of before tell what /sync tells, in another form. */
export async function toldOf(
  { sync, syncFilters }: OldStreamPorts,
  { filter, ...question }: OldStreamQuestion,
): Promise<Told> {
  const pieces = await sync.answer({
    ...question,
    ...{ deviceId: NO_DEVICE, fullState: false, stateKey: 'state_after', setPresence: 'offline' },
    filter: await syncFilters.of(question.userId, JSON.stringify(filter)),
  });
  return JSON.parse(pieces.join('')) as Told;
}

/** Where there is nothing to be told yet. */
export async function nowOf(
  ports: OldStreamPorts,
  question: Pick<OldStreamQuestion, 'userId' | 'signal'>,
): Promise<string> {
  const filter = { room: { rooms: [] }, presence: NOTHING, account_data: NOTHING };
  const told = await toldOf(ports, { ...question, since: undefined, filter, timeoutMs: 0 });
  return told.next_batch;
}

/** One that holds: behind a token of a lost timeline all would have to be told, for which there is `initialSync`. */
export function heldToken({ sync }: OldStreamPorts, from: string): string {
  if (sync.tellsAll(from)) throw invalidParam('from is no token that still holds');
  return from;
}

export const NOTHING = { types: [] };
