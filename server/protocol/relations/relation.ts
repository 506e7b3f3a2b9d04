import { isObject, type JsonObject } from '../json.ts';

/** How an event relates to another one (`m.relates_to`); undefined where it does not, or says so badly. */
export interface Relation {
  readonly relType: string;
  readonly eventId: string;
  /** Of annotations: what was said, such as an emoji. */
  readonly key: string | undefined;
}

export function relationOf(content: JsonObject): Relation | undefined {
  const relation = content['m.relates_to'];
  if (!isObject(relation)) return undefined;
  const { rel_type: relType, event_id: eventId, key } = relation;
  if (typeof relType !== 'string' || typeof eventId !== 'string') return undefined;
  return { relType, eventId, key: typeof key === 'string' ? key : undefined };
}
