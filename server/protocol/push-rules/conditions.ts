import { globMatches, globMatchesWords } from '../glob.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { pathOf, valueAt } from '../property-path.ts';
import type { Condition } from './rules.ts';

/** What the conditions ask of the room, as it is when the event arrives. */
export interface PushContext {
  /** Joined members. */
  readonly memberCount: number;
  /** The owner's display name in this room, for rules made before version 1.17. */
  readonly displayName: string | undefined;
  readonly senderPowerLevel: number;
  /** What `notifications` of m.room.power_levels asks for a key such as `room`; its default is 50. */
  notificationPowerLevel(key: string): number;
}

type Holds = (condition: Condition, event: JsonObject, context: PushContext) => boolean;

/** An unrecognised condition matches nothing, so a newer client's rule does not become a broad one. */
export const holds: Holds = (condition, event, context) =>
  Object.hasOwn(CONDITIONS, condition.kind)
    ? CONDITIONS[condition.kind]!(condition, event, context)
    : false;

const CONDITIONS: Record<string, Holds> = {
  event_match({ key, pattern }, event) {
    if (typeof key !== 'string' || typeof pattern !== 'string') return false;
    const value = valueAt(event, pathOf(key));
    if (typeof value !== 'string') return false;
    const [glob, text] = [pattern.toLowerCase(), value.toLowerCase()];
    return key === 'content.body' ? globMatchesWords(glob, text) : globMatches(glob, text);
  },

  event_property_is({ key, value }, event) {
    if (typeof key !== 'string' || !isSimple(value)) return false;
    return valueAt(event, pathOf(key)) === value;
  },

  event_property_contains({ key, value }, event) {
    if (typeof key !== 'string' || !isSimple(value)) return false;
    const list = valueAt(event, pathOf(key));
    return Array.isArray(list) && list.includes(value);
  },

  contains_display_name(_condition, event, { displayName }) {
    const body = valueAt(event, ['content', 'body']);
    if (typeof body !== 'string' || displayName === undefined || displayName === '') return false;
    return containsWords(body.toLowerCase(), displayName.toLowerCase());
  },

  room_member_count({ is }, _event, { memberCount }) {
    const [, comparison, number] = /^(==|<=|>=|<|>)?([0-9]+)$/.exec(String(is)) ?? [];
    if (number === undefined) return false;
    return COMPARISONS[comparison ?? '==']!(memberCount, Number(number));
  },

  sender_notification_permission({ key }, _event, context) {
    if (typeof key !== 'string') return false;
    return context.senderPowerLevel >= context.notificationPowerLevel(key);
  },
};

const COMPARISONS: Record<string, (count: number, than: number) => boolean> = {
  '==': (count, than) => count === than,
  '<': (count, than) => count < than,
  '>': (count, than) => count > than,
  '<=': (count, than) => count <= than,
  '>=': (count, than) => count >= than,
};

/** Strings, integers, booleans and null: the values that are compared exactly. */
const isSimple = (value: JsonValue | undefined): boolean =>
  value === null || ['string', 'boolean'].includes(typeof value) || Number.isSafeInteger(value);

/** A display name is no pattern: a `*` in it is a star. */
function containsWords(text: string, words: string): boolean {
  const word = /\w/;
  for (let at = text.indexOf(words); at !== -1; at = text.indexOf(words, at + 1)) {
    const [before, after] = [text[at - 1] ?? ' ', text[at + words.length] ?? ' '];
    const starts = !(word.test(before) && word.test(words[0]!));
    const ends = !(word.test(after) && word.test(words.at(-1)!));
    if (starts && ends) return true;
  }
  return false;
}
