import type { AuthState } from './auth-rules/verdict.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';
import { numberOf } from './parse-json.ts';
import { creatorOf, isAmongCreators } from './room-creators.ts';
import type { RoomVersionRules } from './room-versions.ts';

/**
 * The power level of a user in a room of this state. `Infinity` for the creators of a room of
 * version 12; without `m.room.power_levels`, 100 for the creator and 0 for everybody else.
 */
export const powerLevelOf = (userId: string, state: AuthState, rules: RoomVersionRules): number => {
  const create = state.get('m.room.create', '');
  if (rules.creatorsHaveInfinitePower && create && isAmongCreators(create, userId)) {
    return Number.POSITIVE_INFINITY;
  }
  const content = powerLevelsIn(state);
  if (content === undefined) return create && creatorOf(create, rules) === userId ? 100 : 0;
  return (
    entryOf(content.users, userId, rules) ??
    parsePowerLevel(content.users_default, rules) ??
    DEFAULT_LEVELS.users_default
  );
};

/** The level that sending an event of this type needs ("Required Power Level"). */
export const requiredPower = (
  { type, stateKey }: { readonly type: string; readonly stateKey: string | undefined },
  state: AuthState,
  rules: RoomVersionRules,
): number =>
  entryOf(powerLevelsIn(state)?.events, type, rules) ??
  levelFor(stateKey === undefined ? 'events_default' : 'state_default', state, rules);

/** A level of the room by its name ("Invite Level, Kick Level, Ban Level, Redact Level"). */
export const levelFor = (name: LevelName, state: AuthState, rules: RoomVersionRules): number =>
  parsePowerLevel(powerLevelsIn(state)?.[name], rules) ?? DEFAULT_LEVELS[name];

export type LevelName = keyof typeof DEFAULT_LEVELS;

const DEFAULT_LEVELS = {
  users_default: 0,
  events_default: 0,
  state_default: 50,
  ban: 50,
  redact: 50,
  kick: 50,
  invite: 0,
} as const;

export const LEVEL_NAMES = Object.keys(DEFAULT_LEVELS) as readonly LevelName[];

/**
 * A level as `m.room.power_levels` writes it, or undefined where it is none in this room version.
 * Integers everywhere; before version 10 also strings that hold one, with signs, leading zeroes and
 * white space; where JSON is not strict (before version 6) also floats, cut off at the point.
 */
export const parsePowerLevel = (
  value: JsonValue | undefined,
  rules: RoomVersionRules,
): number | undefined => {
  const number = numberOf(value);
  if (number !== undefined) return integerOf(number, !rules.strictCanonicalJson);
  if (typeof value !== 'string' || rules.integerPowerLevels) return undefined;
  return INTEGER_TEXT.test(value) ? integerOf(Number(value), false) : undefined;
};

/** JSON has no infinities, but `1e400` becomes one; that is beyond a double and no level. */
const integerOf = (value: number, mayBeFloat: boolean): number | undefined => {
  if (Number.isInteger(value)) return value;
  return mayBeFloat && Number.isFinite(value) ? Math.trunc(value) : undefined;
};

const INTEGER_TEXT = /^\s*[+-]?[0-9]+\s*$/;

const powerLevelsIn = (state: AuthState): JsonObject | undefined =>
  state.get('m.room.power_levels', '')?.content;

/** `Object.hasOwn`, for a type or user may be named like a property that every object has. */
const entryOf = (
  entries: JsonValue | undefined,
  key: string,
  rules: RoomVersionRules,
): number | undefined =>
  isObject(entries) && Object.hasOwn(entries, key)
    ? parsePowerLevel(entries[key], rules)
    : undefined;
