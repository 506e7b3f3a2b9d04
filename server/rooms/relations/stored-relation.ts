import type { EventId, UserId } from '../../protocol/identifiers.ts';
import { parseEventId } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../../protocol/json.ts';
import { relationOf } from '../../protocol/relations/relation.ts';
import type { Place, StoredRelation } from '../store.ts';

/** What clients may look for, as a key of the database. */
const REL_TYPE_BYTES_MAX = 255;

interface Relating {
  readonly type: string;
  readonly sender: UserId;
  readonly stateKey: string | undefined;
  readonly originServerTs: number;
  readonly content: JsonObject;
}

/** How an event relates to another one, as it is looked for; undefined where it does not. */
export function storedRelationOf(
  event: Relating,
  place: Place & { readonly roomNid: number },
): StoredRelation | undefined {
  const relation = relationOf(event.content);
  if (relation === undefined || !isRelType(relation.relType)) return undefined;
  const target = parseEventId(relation.eventId);
  if (!target.ok) return undefined;
  const { depth, nid, roomNid } = place;
  const { relType } = relation;
  const { type, sender } = event;
  const editTs = isEdit(event, relType) ? event.originServerTs : undefined;
  return { roomNid, depth, nid, targetId: target.value as EventId, relType, type, sender, editTs };
}

const isRelType = (text: string): boolean =>
  Buffer.byteLength(text) <= REL_TYPE_BYTES_MAX && !text.includes('\0');

/** By its own form (Event replacements, "Validity"); the rest depends on what it edits. */
const isEdit = ({ type, stateKey, content }: Relating, relType: string): boolean =>
  relType === 'm.replace' &&
  stateKey === undefined &&
  (type === 'm.room.encrypted' || isObject(content['m.new_content']));
