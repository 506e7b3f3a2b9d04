import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import type { Event, StateEvent } from '../../protocol/event.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { depthAfter } from '../../protocol/limits.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { closedPowerLevels, tombstoneContent } from '../../protocol/room-upgrade.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { extremityOf } from '../memory/room-head.ts';
import { policyServerFor } from '../policy/policy-servers.ts';
import { settledOf } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import { type BuiltOn, newEvent } from '../write/new-event.ts';

/** With what a room ends that is replaced, one upon the other. */
export type Closing = readonly ClosingEvent[];

interface ClosingEvent {
  readonly event: Event;
  readonly replaced: StateEvent | undefined;
}

export interface Replaced {
  readonly state: AuthState;
  readonly sender: UserId;
  readonly by: RoomId;
}

/** The tombstone, and power levels by which nobody ordinary speaks there any more, if one may. */
export function closingOf(
  { ports }: Building,
  old: HotRoom,
  { state, sender, by }: Replaced,
): Closing {
  const at = { state, signer: ports.identity, now: ports.now() };
  const built = (on: BuiltOn, type: string, content: JsonObject): ClosingEvent => ({
    event: newEvent(on, { sender, type, stateKey: '', content }, at),
    replaced: state.get(type, ''),
  });
  const tombstone = built(old, TOMBSTONE, tombstoneContent(by, 'This room has been replaced'));
  const levels = state.get('m.room.power_levels', '');
  if (!levels) return [tombstone];
  try {
    const closed = closedPowerLevels(levels.content);
    return [tombstone, built(behind(old, tombstone.event), levels.type, closed)];
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    return [tombstone];
  }
}

/**
 * The same as the room's policy server has signed it, which sees it before anybody else does; undefined where the room has none. While that is
 * asked the room may go on: whoever commits it is to look whether it still stands at the head.
 */
export async function signedClosing(
  building: Building,
  old: HotRoom,
  replaced: Replaced,
): Promise<Closing | undefined> {
  const { sender } = replaced;
  const draft = { sender, type: TOMBSTONE, stateKey: '', content: {} };
  const policy = await policyServerFor(building, old, draft);
  if (!policy) return undefined;
  await settledOf(old);
  return Promise.all(
    closingOf(building, old, replaced).map(async ({ event, replaced }) => {
      const unseen = { event, rules: old.rules, policy };
      return {
        event: await building.policyServers.signed(building, unseen, { by: 'own' }),
        replaced,
      };
    }),
  );
}

const TOMBSTONE = 'm.room.tombstone';

const behind = ({ roomId, rules }: HotRoom, event: Event): BuiltOn => ({
  ...{ roomId, rules },
  head: { prevEvents: [extremityOf(event, 0, rules)], nextDepth: depthAfter([event.depth]) },
});
