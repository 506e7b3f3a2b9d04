import type { Event } from '../../server/protocol/event.ts';
import { stateKeyOf } from '../../server/protocol/event.ts';
import type { UserId } from '../../server/protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../server/protocol/json.ts';
import type { RoomVersionRules } from '../../server/protocol/room-versions.ts';
import type { Random } from './random.ts';

export interface Draft {
  readonly type: string;
  readonly sender: UserId;
  readonly stateKey: string | undefined;
  readonly content: JsonObject;
  readonly redacts?: string;
}

export type State = ReadonlyMap<string, Event>;

interface Scene {
  random: Random;
  rules: RoomVersionRules;
  state: State;
  /** Everything sent so far, for redactions. */
  events: readonly Event[];
}

export const USERS = ['@alice:a', '@bob:a', '@carol:b', '@dave:b', '@eve:c'] as UserId[];

/** Something that somebody might send next, allowed or not: both sides must say the same of it. */
export function draftOf(scene: Scene): Draft {
  return scene.random.pick(WEIGHTED)(scene);
}

type Make = (scene: Scene) => Draft;

const member: Make = ({ random, rules, state }) => {
  const sender = random.pick(USERS);
  const stateKey = random.chance(0.5) ? sender : random.pick(USERS);
  const membership = random.pick([
    'join',
    'join',
    'join',
    'invite',
    'invite',
    'leave',
    'ban',
    'knock',
    'leave',
  ]);
  const authorising =
    rules.restrictedJoins && membership === 'join' && random.chance(0.4)
      ? { join_authorised_via_users_server: random.pick(USERS) }
      : {};
  const name = random.chance(0.3) ? { displayname: `Name ${random.integer(9)}` } : {};
  // Synapse asks of the user who is meant, too, whether the room federates; rule 3 only of the sender.
  const confined = state.get(stateKeyOf('m.room.create', ''))?.content['m.federate'] === false;
  return {
    type: 'm.room.member',
    sender: confined ? stateKey : sender,
    stateKey,
    content: { membership, ...authorising, ...name },
  };
};

const joinRules: Make = ({ random }) => {
  const join_rule = random.pick([
    'public',
    'public',
    'invite',
    'knock',
    'restricted',
    'knock_restricted',
    'private',
  ]);
  const allow = [{ type: 'm.room_membership', room_id: '!other:a' }];
  const content = join_rule.includes('restricted') ? { join_rule, allow } : { join_rule };
  return stateEvent(random, 'm.room.join_rules', '', content);
};

const powerLevels: Make = ({ random, state, rules }) => {
  const current = state.get(stateKeyOf('m.room.power_levels', ''))?.content ?? {};
  let content: JsonObject = { ...current };
  const changes = 1 + random.integer(2);
  for (let change = 0; change < changes; change++) content = changedLevels(content, random, rules);
  return stateEvent(random, 'm.room.power_levels', '', content);
};

function changedLevels(content: JsonObject, random: Random, rules: RoomVersionRules): JsonObject {
  const level = levelOf(random, rules);
  const userLevel = random.chance(0.06) ? random.pick(NO_LEVELS) : level;
  const within = (field: string, key: string): JsonObject => {
    const old = isObject(content[field]) ? content[field] : {};
    if (random.chance(0.2)) {
      const { [key]: _removed, ...rest } = old;
      return { ...content, [field]: rest };
    }
    return { ...content, [field]: { ...old, [key]: field === 'users' ? userLevel : level } };
  };
  switch (random.integer(10)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return within('users', random.pick(USERS));
    case 4:
      return within(
        'events',
        random.pick(['m.room.topic', 'm.room.message', 'm.room.power_levels']),
      );
    case 5:
      return within('notifications', 'room');
    case 6: {
      const { [random.pick(SCALARS)]: _removed, ...rest } = content;
      return rest;
    }
    default:
      return { ...content, [random.pick(SCALARS)]: level };
  }
}

const SCALARS = [
  'users_default',
  'events_default',
  'state_default',
  'ban',
  'kick',
  'redact',
  'invite',
];

function levelOf(random: Random, rules: RoomVersionRules): JsonValue {
  if (rules.integerPowerLevels && random.chance(0.06)) return random.pick(NO_LEVELS);
  const level = random.pick([0, 0, 25, 49, 50, 50, 51, 75, 99, 100, 100, 101, -1]);
  const asString = random.chance(rules.integerPowerLevels ? 0.04 : 0.15);
  // "+-1" is none: what becomes of it is told at NO_LEVELS.
  const signs = level < 0 ? [''] : ['', '+'];
  return asString ? random.pick(['', ' ']) + random.pick(signs) + level : level;
}

/**
 * What is no power level. Before version 10 the rules name only `users` when they ask for levels; of
 * nonsense elsewhere Synapse takes the first and fails at the next, and we take neither. Nor is
 * `true` a level, but Python takes it for 1.
 */
const NO_LEVELS: readonly JsonValue[] = [null, 'fifty', [], {}, ''];

const topic: Make = ({ random }) =>
  stateEvent(random, 'm.room.topic', '', { topic: `Topic ${random.integer(9)}` });

const custom: Make = ({ random }) =>
  stateEvent(random, 'org.example.note', random.pick(['', 'a', '@alice:a', '@bob:a']), {
    n: random.integer(9),
  });

const message: Make = ({ random }) => ({
  type: 'm.room.message',
  sender: random.pick(USERS),
  stateKey: undefined,
  content: { msgtype: 'm.text', body: random.pick(['hello', 'tchüss', '👋', 'a\u0007b"\\']) },
});

const aliases: Make = ({ random }) => {
  const stateKey = random.pick(['a', 'b', 'c']);
  return stateEvent(random, 'm.room.aliases', stateKey, { aliases: [`#room:${stateKey}`] });
};

const redaction: Make = ({ random, rules, events }) => {
  const redacts = random.pick(events).eventId;
  return {
    type: 'm.room.redaction',
    sender: random.pick(USERS),
    stateKey: undefined,
    content: rules.redactsInContent ? { redacts } : { reason: 'spam' },
    ...(rules.redactsInContent ? {} : { redacts }),
  };
};

const others: Make = ({ random, rules }) =>
  random.pick<Make>([
    () => stateEvent(random, 'm.room.history_visibility', '', { history_visibility: 'joined' }),
    () => stateEvent(random, 'm.room.server_acl', '', { allow: ['*'], deny: ['c'] }),
    () =>
      stateEvent(random, 'm.room.third_party_invite', 'token', {
        display_name: 'x',
        public_key: 'k',
      }),
    () => stateEvent(random, 'm.room.encryption', '', { algorithm: 'm.megolm.v1.aes-sha2' }),
    // Synapse refuses a second one of version 12 when it reads it, before any rule is asked.
    () =>
      stateEvent(random, rules.createIsRoomId ? 'm.room.name' : 'm.room.create', '', { name: 'x' }),
  ])({} as Scene);

const WEIGHTED: readonly Make[] = [
  ...Array<Make>(10).fill(member),
  ...Array<Make>(5).fill(powerLevels),
  ...Array<Make>(3).fill(joinRules),
  ...Array<Make>(3).fill(topic),
  custom,
  custom,
  message,
  aliases,
  redaction,
  others,
];

function stateEvent(random: Random, type: string, stateKey: string, content: JsonObject): Draft {
  // Mostly somebody who may: a history in which all is refused tells little.
  const sender = random.chance(0.6) ? USERS[0]! : random.pick(USERS);
  return { type, sender, stateKey, content };
}
