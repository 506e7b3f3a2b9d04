import { isObject, type JsonValue } from '../../protocol/json.ts';

const EVENTS_MAX = 50;
/** It goes into each /sync from the start of who is told. */
export const BYTES_MAX = 32 * 1_024;

/**
 * What another server tells of its room, as a JSON array: of each event, stripped already or whole, what somebody outside is
 * shown. What is none, and what is too much, is left out.
 */
export function strippedFrom(told: JsonValue | undefined): string {
  const texts: string[] = [];
  let bytes = 0;
  for (const each of (Array.isArray(told) ? told : []).slice(0, EVENTS_MAX)) {
    if (!isObject(each)) continue;
    const { content, sender, state_key, type } = each;
    const isWhole = [sender, state_key, type].every((field) => typeof field === 'string');
    if (!isWhole || !isObject(content)) continue;
    const text = JSON.stringify({ content, sender, state_key, type });
    bytes += Buffer.byteLength(text);
    // PostgreSQL holds no U+0000 in a text.
    if (bytes <= BYTES_MAX && !text.includes('\\u0000')) texts.push(text);
  }
  return `[${texts.join()}]`;
}
