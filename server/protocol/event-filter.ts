import { Glob } from './glob.ts';
import type { JsonObject } from './json.ts';

/** What EventFilter and RoomEventFilter have in common. A list that is absent includes everything. */
export interface EventFilter {
  readonly types?: readonly string[] | undefined;
  readonly not_types?: readonly string[] | undefined;
  readonly senders?: readonly string[] | undefined;
  readonly not_senders?: readonly string[] | undefined;
  readonly rooms?: readonly string[] | undefined;
  readonly not_rooms?: readonly string[] | undefined;
  readonly contains_url?: boolean | undefined;
}

export interface Filtered {
  readonly type: string;
  readonly sender?: string | undefined;
  readonly roomId?: string | undefined;
  readonly content: JsonObject;
}

/** What a `not_` list names is left out even where the other list names it too. */
export function filterOf(filter: EventFilter): (event: Filtered) => boolean {
  const mayBeType = filteredBy(filter.types, filter.not_types, typeTest);
  const mayBeSender = filteredBy(filter.senders, filter.not_senders, nameTest);
  const mayBeIn = roomsOf(filter);
  const { contains_url } = filter;
  return ({ type, sender = NOBODY, roomId, content }) =>
    mayBeType(type) &&
    (roomId === undefined || mayBeIn(roomId)) &&
    mayBeSender(sender) &&
    (contains_url === undefined || contains_url === hasUrl(content));
}

export const roomsOf = (filter: Pick<EventFilter, 'rooms' | 'not_rooms'>): Test =>
  filteredBy(filter.rooms, filter.not_rooms, nameTest);

type Test = (name: string) => boolean;

/** Of account data and ephemeral events; no user has this name. */
const NOBODY = '';

function filteredBy(
  only: readonly string[] | undefined,
  not: readonly string[] | undefined,
  testOf: (names: readonly string[]) => Test,
): Test {
  const isIn = only && testOf(only);
  const isOut = not && testOf(not);
  if (isIn === undefined && isOut === undefined) return () => true;
  return (name) => !isOut?.(name) && (isIn === undefined || isIn(name));
}

function nameTest(names: readonly string[]): Test {
  const set = new Set(names);
  return (name) => set.has(name);
}

export const TYPES_KEPT_MAX = 256;

/** A type is compared with the wildcards once, and then known: a room's state is thousands of one type. */
function typeTest(patterns: readonly string[]): Test {
  const isNamed = nameTest(patterns);
  const globs = patterns.filter(isWildcard).map((pattern) => new Glob(pattern, '*'));
  if (globs.length === 0) return isNamed;
  return remembering((type) => isNamed(type) || globs.some((glob) => glob.matches(type)));
}

/** With `known`: what it answered for so many names at most, which need not be those used last. */
export function remembering(test: Test, known = new Map<string, boolean>()): Test {
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const passes = test(name);
    if (known.size >= TYPES_KEPT_MAX) known.clear();
    known.set(name, passes);
    return passes;
  };
}

/** Only `*` is special in a type of a filter. */
export const isWildcard = (type: string): boolean => type.includes('*');

const hasUrl = (content: JsonObject): boolean => Object.hasOwn(content, 'url');
