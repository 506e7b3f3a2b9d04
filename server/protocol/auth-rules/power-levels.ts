import type { Event } from '../event.ts';
import { hasUserIdForm } from '../identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import { LEVEL_NAMES, parsePowerLevel, powerLevelOf } from '../power-levels.ts';
import { isAmongCreators } from '../room-creators.ts';
import type { RoomVersionRules } from '../room-versions.ts';
import { ALLOWED, type AuthState, refused, type Verdict } from './verdict.ts';

/** Rule 10 (9 in versions 6 to 11): what a new `m.room.power_levels` may say, and may change. */
export const checkPowerLevels = (
  event: Event,
  state: AuthState,
  rules: RoomVersionRules,
): Verdict => {
  const wellFormed = checkForm(event.content, rules);
  if (!wellFormed.allowed) return wellFormed;
  const creators = checkCreators(event.content, state, rules);
  if (!creators.allowed) return creators;
  const current = state.get('m.room.power_levels', '');
  if (current === undefined) return ALLOWED;
  const senderLevel = powerLevelOf(event.sender, state, rules);
  for (const change of changesBetween(current.content, event.content, rules)) {
    const verdict = checkChange(change, event.sender, senderLevel);
    if (!verdict.allowed) return verdict;
  }
  return ALLOWED;
};

/**
 * Versions before 10 ask in so many words only for a sound `users`. A level elsewhere that is neither
 * a number nor a string of one is refused there too: peers fail on it, so a room that took it
 * here would be a room of its own.
 */
const checkForm = (content: JsonObject, rules: RoomVersionRules): Verdict => {
  for (const name of LEVEL_NAMES) {
    const value = content[name];
    if (value !== undefined && parsePowerLevel(value, rules) === undefined) {
      return refused('power-levels.integer', `${name} is no power level`);
    }
  }
  for (const section of sectionsOf(rules)) {
    if (content[section] !== undefined && !areLevels(content[section], rules)) {
      return refused(`power-levels.${section}`, `${section} is not an object of power levels`);
    }
  }
  const stranger = Object.keys(entriesOf(content.users)).find((key) => !hasUserIdForm(key));
  return stranger === undefined
    ? ALLOWED
    : refused('power-levels.user-id', `users has the key ${stranger}, which is no user id`);
};

type Section = 'events' | 'notifications' | 'users';

/** Versions 1 to 5 do not look at `notifications`, whatever is in it. */
const sectionsOf = (rules: RoomVersionRules): readonly Section[] =>
  rules.notificationsPowerLevels ? ['events', 'notifications', 'users'] : ['events', 'users'];

const areLevels = (entries: JsonValue | undefined, rules: RoomVersionRules): boolean =>
  isObject(entries) &&
  Object.values(entries).every((level) => parsePowerLevel(level, rules) !== undefined);

const checkCreators = (content: JsonObject, state: AuthState, rules: RoomVersionRules): Verdict => {
  const create = state.get('m.room.create', '');
  if (!rules.creatorsHaveInfinitePower || create === undefined) return ALLOWED;
  const creator = Object.keys(entriesOf(content.users)).find((key) => isAmongCreators(create, key));
  return creator === undefined
    ? ALLOWED
    : refused(
        'power-levels.creator',
        `${creator} is a creator, whose power is not for users to say`,
      );
};

interface Change {
  readonly section: Section | 'level';
  readonly key: string;
  /** Undefined where the entry is added. Absent is absent: its default is not weighed. */
  readonly from: number | undefined;
  /** Undefined where the entry is removed. */
  readonly to: number | undefined;
}

function* changesBetween(
  current: JsonObject,
  next: JsonObject,
  rules: RoomVersionRules,
): Generator<Change> {
  yield* changedEntries('level', LEVEL_NAMES, current, next, rules);
  for (const section of sectionsOf(rules)) {
    const [before, after] = [entriesOf(current[section]), entriesOf(next[section])];
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    yield* changedEntries(section, keys, before, after, rules);
  }
}

/** Levels are compared, not their spelling: "50" and 50 are one level. */
function* changedEntries(
  section: Change['section'],
  keys: Iterable<string>,
  before: JsonObject,
  after: JsonObject,
  rules: RoomVersionRules,
): Generator<Change> {
  for (const key of keys) {
    const from = parsePowerLevel(ownValue(before, key), rules);
    const to = parsePowerLevel(ownValue(after, key), rules);
    if (from !== to) yield { section, key, from, to };
  }
}

const checkChange = (
  { section, key, from, to }: Change,
  sender: string,
  senderLevel: number,
): Verdict => {
  const name = section === 'level' ? key : `${section} ${key}`;
  if (from !== undefined && from > senderLevel) {
    return refused(
      'power-levels.current',
      `${name} is now ${from}, above the sender's ${senderLevel}`,
    );
  }
  if (to !== undefined && to > senderLevel) {
    return refused('power-levels.new', `${name} would be ${to}, above the sender's ${senderLevel}`);
  }
  if (section === 'users' && key !== sender && from !== undefined && from >= senderLevel) {
    return refused('power-levels.equal', `${key} has as much power as the sender`);
  }
  return ALLOWED;
};

const entriesOf = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {});

const ownValue = (entries: JsonObject, key: string): JsonValue | undefined =>
  Object.hasOwn(entries, key) ? entries[key] : undefined;
