import type { RoomAlias, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { invalidParam, MatrixError, tooLarge } from '../../protocol/matrix-error.ts';
import { refuseUnreachable } from '../membership/unreachable.ts';
import type { RoomPorts } from '../ports.ts';
import { refuseIllNamed } from '../write/well-named-state.ts';
import type { InitialState, NewRoom } from './new-room.ts';

/**
 * A room is made in one change, which holds up everybody else's while it is written; each invite and
 * each state event is one event of it. Whoever wants more sends it afterwards.
 */
export const INVITES_MAX = 500;
export const INITIAL_STATE_MAX = 500;
export const CREATION_BYTES_MAX = 512 * 1_024;

/** What createRoom may not be asked for; all that setting the same state later would be asked, too. */
export function refuseCreation(
  ports: Pick<RoomPorts, 'identity' | 'elsewhere'>,
  room: NewRoom,
  alias: RoomAlias | undefined,
): void {
  const { invite = [], initial_state = [] } = room;
  if (invite.length > INVITES_MAX)
    throw invalidParam(`At most ${INVITES_MAX} users are invited as a room is made`);
  if (initial_state.length > INITIAL_STATE_MAX)
    throw invalidParam(`initial_state has at most ${INITIAL_STATE_MAX} events`);
  if (Buffer.byteLength(JSON.stringify(room)) > CREATION_BYTES_MAX)
    throw tooLarge(`A room is made of at most ${CREATION_BYTES_MAX} bytes`);
  for (const { type, state_key: stateKey } of initial_state) refuseIllNamed({ type, stateKey });
  refuseUnreachable(ports, invitedTo(room));
  for (const each of initial_state) refuseStrangeAliases(each, alias);
}

/** By either way. */
export const invitedTo = ({ invite = [], initial_state = [] }: NewRoom): UserId[] => [
  ...invite,
  ...initial_state.flatMap(invitedBy),
];

const invitedBy = ({ type, state_key, content }: InitialState): UserId[] =>
  type === 'm.room.member' && content.membership === 'invite' ? [state_key as UserId] : [];

/** No alias but the one that it is made with can lead to a room that is not there yet. */
function refuseStrangeAliases({ type, content }: InitialState, alias: RoomAlias | undefined): void {
  if (type !== 'm.room.canonical_alias') return;
  for (const each of aliasesIn(content))
    if (each !== alias)
      throw new MatrixError(400, 'M_BAD_ALIAS', `${String(each)} does not point to this room`);
}

/** Whom a canonical alias event names. An empty or absent one takes the alias away. */
export const aliasesIn = ({ alias, alt_aliases }: JsonObject): JsonValue[] => [
  ...(alias === undefined || alias === null || alias === '' ? [] : [alias]),
  ...(Array.isArray(alt_aliases) ? alt_aliases : []),
];
