import { Glob } from '../glob.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { pathOf, valueAt } from '../property-path.ts';
import { type Condition, KEY_LENGTH_MAX, PATTERN_LENGTH_MAX } from './rules.ts';
import { type Steps, spend } from './steps.ts';

/** What the conditions ask of the room, as it is when the event arrives. */
export interface PushContext {
  /** Joined members. */
  readonly memberCount: number;
  /** The owner's display name in this room, for rules made before version 1.17. */
  readonly displayName: string | undefined;
  readonly senderPowerLevel: number;
  /** What `notifications` of m.room.power_levels asks for a key such as `room`; its default is 50. */
  notificationPowerLevel(key: string): number;
  /** What is left of what matching may cost. A condition that would cost more does not hold. */
  readonly steps: Steps;
}

type Holds = (condition: Condition, event: JsonObject, context: PushContext) => boolean;

/** An unrecognised condition matches nothing, so a newer client's rule does not become a broad one. */
export const holds: Holds = (condition, event, context) =>
  Object.hasOwn(CONDITIONS, condition.kind)
    ? CONDITIONS[condition.kind]!(condition, event, context)
    : false;

/** The pattern of a content rule: at word boundaries, as of `content.body` in a condition. */
export function bodyMatches(
  rule: { readonly pattern: string },
  event: JsonObject,
  context: PushContext,
): boolean {
  const text = loweredText(event, BODY);
  return (
    text !== undefined && patternHolds(rule, { pattern: rule.pattern, text, key: BODY }, context)
  );
}

const BODY = 'content.body';

const CONDITIONS: Record<string, Holds> = {
  event_match(condition, event, context) {
    const { key, pattern } = condition;
    if (!isKey(key) || typeof pattern !== 'string') return false;
    const text = loweredText(event, key);
    return text !== undefined && patternHolds(condition, { pattern, text, key }, context);
  },

  event_property_is(condition, event) {
    const { key, value } = condition;
    if (!isKey(key) || !isSimple(value)) return false;
    return valueAt(event, knownPath(key)) === value;
  },

  event_property_contains(condition, event, { steps }) {
    const { key, value } = condition;
    if (!isKey(key) || !isSimple(value)) return false;
    const list = valueAt(event, knownPath(key));
    return Array.isArray(list) && spend(steps, list.length) && list.includes(value);
  },

  contains_display_name(_condition, event, { displayName, steps }) {
    const text = loweredText(event, BODY);
    if (text === undefined || displayName === undefined || displayName === '') return false;
    if (displayName.length > PATTERN_LENGTH_MAX) return false;
    // A display name is no pattern: a `*` in it is a star.
    const name = new Glob(displayName.toLowerCase(), '');
    return spend(steps, name.cost(text)) && name.matchesWords(text);
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

const isKey = (key: JsonValue | undefined): key is string =>
  typeof key === 'string' && key.length <= KEY_LENGTH_MAX;

/** `owner`: the rule or condition whose pattern it is; the compiled one lives as long. */
function patternHolds(
  owner: object,
  { pattern, text, key }: { pattern: string; text: string; key: string },
  { steps }: PushContext,
): boolean {
  if (pattern.length > PATTERN_LENGTH_MAX) return false;
  const glob = globs.get(owner) ?? compiled(pattern.toLowerCase());
  globs.set(owner, glob);
  if (!spend(steps, glob.cost(text))) return false;
  return key === BODY ? glob.matchesWords(text) : glob.matches(text);
}

const globs = new WeakMap<object, Glob>();

/**
 * Nearly all patterns are those of the default rules, and each is 2 kB compiled, which everybody who is about would
 * have for themselves. A rule keeps the one that it got, so whoever crowds others out makes nobody compile again.
 */
const GLOBS_SHARED_MAX = 200;
const sharedGlobs = new Map<string, Glob>();

function compiled(pattern: string): Glob {
  const glob = sharedGlobs.get(pattern) ?? new Glob(pattern);
  if (sharedGlobs.size >= GLOBS_SHARED_MAX) sharedGlobs.clear();
  sharedGlobs.set(pattern, glob);
  return glob;
}

/** The text at a key, lowered once for all rules that look at it. */
function loweredText(event: JsonObject, key: string): string | undefined {
  const texts = loweredTexts.get(event) ?? new Map<string, string | undefined>();
  loweredTexts.set(event, texts);
  if (texts.has(key)) return texts.get(key);
  const value = valueAt(event, knownPath(key));
  const text = typeof value === 'string' ? value.toLowerCase() : undefined;
  texts.set(key, text);
  return text;
}

const loweredTexts = new WeakMap<JsonObject, Map<string, string | undefined>>();

const PATHS_KEPT_MAX = 1_000;
const paths = new Map<string, readonly string[]>();

/** The keys of nearly all rules are a handful. */
function knownPath(key: string): readonly string[] {
  const path = paths.get(key) ?? pathOf(key);
  if (paths.size >= PATHS_KEPT_MAX) paths.clear();
  paths.set(key, path);
  return path;
}
