import type { EventId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { parseJson } from '../../protocol/parse-json.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { originOf, type RoomEvent } from '../room-event.ts';
import type { StoredMore, StoredTimeline } from '../store.ts';
import { eventAsSeen } from './stored-event.ts';

/** The events of a stored timeline as readers see them, in no order. */
export function eventsIn(
  stored: StoredTimeline,
  { roomId, rules }: Pick<HotRoom, 'roomId' | 'rules'>,
): RoomEvent[] {
  const [nids, depths] = [numbersIn(stored.nids), numbersIn(stored.depths)];
  const [before, after] = [numbersIn(stored.statesBefore), numbersIn(stored.statesAfter)];
  const more = moreIn(stored, rules);
  const eventIds = stored.eventIds.split(',') as EventId[];
  const pdus = listIn<JsonObject>(stored.pdus, rules);
  return pdus.map((pdu, index) => {
    const nid = nids[index]!;
    const [, position = nid, origin, replaced, redaction, isAfterGap = false] =
      more?.get(nid) ?? NOTHING_MORE;
    return eventAsSeen(
      {
        ...{ roomId, nid, position, pdu },
        eventId: rules.eventIdForm === 'given' ? (pdu.event_id as EventId) : eventIds[index]!,
        depth: depths[index]!,
        stateBefore: before[index],
        stateAfter: after[index],
        origin: origin ? originOf({ deviceId: origin[0], txnId: origin[1] }) : undefined,
        replacesNid: replaced?.[0],
        replaced: replaced
          ? { eventId: replaced[1], isRedacted: replaced[2], pdu: replaced[3] }
          : undefined,
        isAfterGap,
        redaction: redaction ? { eventId: redaction[0], pdu: redaction[1] } : undefined,
      },
      rules,
    );
  });
}

const NOTHING_MORE: readonly [] = [];

function moreIn({ more }: StoredTimeline, rules: RoomVersionRules) {
  if (more === null) return undefined;
  return new Map(listIn<StoredMore>(more, rules).map((each) => [each[0], each]));
}

/** As `pduIn` has it. */
const listIn = <T>(text: string, { strictCanonicalJson }: RoomVersionRules): T[] =>
  (strictCanonicalJson ? JSON.parse(`[${text}]`) : parseJson(`[${text}]`)) as unknown as T[];

/** Of `{1,NULL,3}`; undefined for NULL. */
const numbersIn = (list: string): (number | undefined)[] =>
  list
    .slice(1, -1)
    .split(',')
    .map((each) => (each === 'NULL' ? undefined : Number(each)));
