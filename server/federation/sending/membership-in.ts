import { isObject, type JsonValue } from '../../protocol/json.ts';

/** What a membership event says, as it is stored. */
export function membershipIn(json: string | null): string | undefined {
  const event = json === null ? undefined : (JSON.parse(json) as JsonValue);
  const content = isObject(event) ? event.content : undefined;
  return isObject(content) && typeof content.membership === 'string'
    ? content.membership
    : undefined;
}
