export type RoomVersion = '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | '10' | '11' | '12';

/** What differs between the room versions, as flags: no rule asks for a version's number. */
export interface RoomVersionRules {
  readonly version: RoomVersion;
  /** `given` by the sender's server (`$opaque:domain`), or the reference hash in one of two alphabets. */
  readonly eventIdForm: 'given' | 'hash-base64' | 'hash-url-safe';
  readonly stateResolution: 'v1' | 'v2' | 'v2.1';
  /** Which keys survive; each form is the change that this version made to the one before. */
  readonly redactionForm: 'v1' | 'v6' | 'v8' | 'v9' | 'v11';
  /** The auth rules themselves judge `m.room.redaction` (rule 11 of versions 1 and 2). */
  readonly redactionAuthRule: boolean;
  /** `redacts` lies in the content, not at the top level. */
  readonly redactsInContent: boolean;
  /** The auth rules have a rule of its own for `m.room.aliases`. */
  readonly aliasesRule: boolean;
  /** A server's key counts only for events of its period of validity. */
  readonly keyValidityPeriod: boolean;
  /** Integers in ±(2^53-1) and no other number; an event that has one is refused. */
  readonly strictCanonicalJson: boolean;
  /** Changes to `notifications` need power as changes to `events` do. */
  readonly notificationsPowerLevels: boolean;
  /** The join rule and the membership `knock`. */
  readonly knocking: boolean;
  /** The join rule `restricted`, and `join_authorised_via_users_server`. */
  readonly restrictedJoins: boolean;
  /** The join rule `knock_restricted`. */
  readonly knockRestricted: boolean;
  /** Power levels are integers; before, strings and (where JSON is not strict) floats count too. */
  readonly integerPowerLevels: boolean;
  /** The creator is the sender of `m.room.create`, whose content needs no `creator`. */
  readonly implicitRoomCreator: boolean;
  /** Field sizes were always meant in bytes; before, peers counted code points (see limits.ts). */
  readonly strictByteLimits: boolean;
  /** The room id is the create event's id with `!`; the create event has no room_id and is never in auth_events. */
  readonly createIsRoomId: boolean;
  /** The sender of `m.room.create` and `additional_creators` stand above every power level. */
  readonly creatorsHaveInfinitePower: boolean;
}

/** The rules of a room version, or undefined for one that we do not know: no such room can be joined. */
export const rulesOf = (version: string): RoomVersionRules | undefined =>
  RULES.get(version as RoomVersion);

export const roomVersions = (): readonly RoomVersion[] => [...RULES.keys()];

/** The one that the specification recommends for new rooms (rooms/_index, v1.16 and later). */
export const DEFAULT_ROOM_VERSION: RoomVersion = '12';

const V1: RoomVersionRules = {
  version: '1',
  eventIdForm: 'given',
  stateResolution: 'v1',
  redactionForm: 'v1',
  redactionAuthRule: true,
  redactsInContent: false,
  aliasesRule: true,
  keyValidityPeriod: false,
  strictCanonicalJson: false,
  notificationsPowerLevels: false,
  knocking: false,
  restrictedJoins: false,
  knockRestricted: false,
  integerPowerLevels: false,
  implicitRoomCreator: false,
  strictByteLimits: false,
  createIsRoomId: false,
  creatorsHaveInfinitePower: false,
};

/** What each version changed, in its own words: rooms/v2 … rooms/v12 of the specification. */
const CHANGES: readonly (Partial<RoomVersionRules> & { version: RoomVersion })[] = [
  { version: '2', stateResolution: 'v2' },
  { version: '3', eventIdForm: 'hash-base64', redactionAuthRule: false },
  { version: '4', eventIdForm: 'hash-url-safe' },
  { version: '5', keyValidityPeriod: true },
  {
    version: '6',
    strictCanonicalJson: true,
    aliasesRule: false,
    notificationsPowerLevels: true,
    redactionForm: 'v6',
  },
  { version: '7', knocking: true },
  { version: '8', restrictedJoins: true, redactionForm: 'v8' },
  { version: '9', redactionForm: 'v9' },
  { version: '10', knockRestricted: true, integerPowerLevels: true },
  {
    version: '11',
    implicitRoomCreator: true,
    redactsInContent: true,
    redactionForm: 'v11',
    strictByteLimits: true,
  },
  {
    version: '12',
    stateResolution: 'v2.1',
    createIsRoomId: true,
    creatorsHaveInfinitePower: true,
  },
];

const RULES: ReadonlyMap<RoomVersion, RoomVersionRules> = (() => {
  const table = new Map<RoomVersion, RoomVersionRules>([[V1.version, Object.freeze(V1)]]);
  let rules = V1;
  for (const change of CHANGES) {
    rules = Object.freeze({ ...rules, ...change });
    table.set(rules.version, rules);
  }
  return table;
})();
