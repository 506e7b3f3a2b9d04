import { type InBreaths, withBreaths } from '../../log/breaths.ts';
import { within } from '../../outward/within.ts';
import type { Event } from '../../protocol/event.ts';
import { type FindKey, serversThatMustSign } from '../../protocol/event-signatures.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import { type KnownKey, keyIsValidFor } from '../../protocol/key-validity.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { OwnKeys } from '../../protocol/server-keys.ts';
import { keyIdsOf } from '../../protocol/signatures.ts';
import { type KeyId, verifyKeyFrom } from '../../protocol/signing-keys.ts';
import { type FederationClient, ServerUnreachable } from '../federation-client.ts';
import type { RemoteKeys } from './remote-keys.ts';
import { toldByNotary, type WantedOfNotary } from './told-by-notary.ts';

interface Self {
  readonly serverName: ServerName;
  readonly ownKeys: OwnKeys;
}

interface Parts {
  readonly self: Self;
  readonly remoteKeys: Pick<RemoteKeys, 'forEvents' | 'placeFreed'>;
  readonly client: Pick<FederationClient, 'ask'>;
  readonly now: () => number;
  /** The operator's, each asked for what those before it did not know. */
  readonly notaries?: readonly ServerName[] | undefined;
}

/** Fewer than one may ask at once: who asks for the keys of a large room leaves places to what comes beside it. */
const AT_ONCE = { event: 12, room: 90 } as const;
/** For all servers together: whose keys are not there by then has signed nothing that could be believed. */
const WITHIN_MS = 60_000;

const BREATH = 500;
/** By one or two of a server an event is signed; there is room in it for thousands. */
const KEYS_OF_EVENT_MAX = 8;

/** By which servers' keys events may be signed; each server is asked once for all of its events. */
export class EventKeys {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** `notary` is asked for the keys of servers that do not answer themselves, behind those of the operator, in half of the time. */
  async of(
    events: readonly Event[],
    rules: RoomVersionRules,
    notary?: ServerName,
  ): Promise<FindKey> {
    const { serverName, ownKeys } = this.#parts.self;
    const needed = await withBreaths(neededKeys(events, rules));
    needed.delete(serverName);
    const withinMs = WITHIN_MS / (notary ? 2 : 1);
    // Whose room it is has a notary: thousands of servers may be in it.
    const occasion = notary ? 'room' : 'event';
    const known = await this.#askThem(needed, { rules, withinMs, occasion });
    const told = notary && (await this.#askNotaries(notary, { needed, known, rules }));
    return (server, keyId) =>
      server === serverName
        ? ownKey(ownKeys, keyId)
        : betterOf(known.get(server)?.get(keyId), told?.get(server)?.get(keyId));
  }

  async #askThem(
    needed: Needed,
    asking: { rules: RoomVersionRules; withinMs: number; occasion: Occasion },
  ): Promise<ReadonlyMap<ServerName, Keys>> {
    const { rules, withinMs, occasion } = asking;
    const known = new Map<ServerName, Keys>();
    // Those last, who are taken first, that signed most of it.
    const open = [...needed].sort(([, one], [, other]) => one.length - other.length);
    const late = AbortSignal.timeout(withinMs);
    const askOn = async () => {
      for (let next = open.pop(); next !== undefined; next = open.pop())
        known.set(next[0], await this.#keysOf(next[0], { uses: next[1], rules, late, occasion }));
    };
    await Promise.all(Array.from({ length: AT_ONCE[occasion] }, askOn));
    return known;
  }

  /** One after the other, each for what is still missing; what is left of the time is shared out among those that are left. */
  async #askNotaries(
    last: ServerName,
    { needed, known, rules }: { needed: Needed; known: KeysOfAll; rules: RoomVersionRules },
  ): Promise<KeysOfAll> {
    const { self, client, notaries = [] } = this.#parts;
    const order = [...new Set([...notaries, last])].filter((each) => each !== self.serverName);
    const untilMs = performance.now() + WITHIN_MS / 2;
    const told = new Map<ServerName, Keys>();
    for (const [index, notary] of order.entries()) {
      const wanted = this.#wantedOf(notary, { needed, known, told, rules });
      if (wanted.size === 0) continue;
      const shareMs = (untilMs - performance.now()) / (order.length - index);
      if (shareMs <= 0) break;
      for (const [server, keys] of await toldByNotary(client, notary, wanted, shareMs))
        told.set(server, joined(told.get(server), keys));
    }
    return told;
  }

  #wantedOf(
    notary: ServerName,
    { needed, known, told, rules }: Wanting,
  ): ReadonlyMap<ServerName, WantedOfNotary> {
    const wanted = new Map<ServerName, WantedOfNotary>();
    for (const [server, uses] of needed) {
      // Who has answered has said which keys are theirs: a notary could add one of its own making.
      if (server === notary || (known.get(server)?.size ?? 0) > 0) continue;
      const open = uses.filter((use) => !this.#isGood(told.get(server), use, rules));
      if (open.length === 0) continue;
      const keyIds = [...new Set(open.map(({ keyId }) => keyId))].slice(0, KEYS_OF_EVENT_MAX);
      const validUntilTs = open.reduce((ts, use) => Math.max(ts, use.originServerTs), 0);
      wanted.set(server, { keyIds, validUntilTs });
    }
    return wanted;
  }

  #isGood(keys: Keys | undefined, { keyId, originServerTs }: Use, rules: RoomVersionRules) {
    const key = keys?.get(keyId);
    return key !== undefined && keyIsValidFor(key, originServerTs, rules, this.#parts.now());
  }

  async #keysOf(server: ServerName, { uses, rules, late, occasion }: Asking): Promise<Keys> {
    const { remoteKeys } = this.#parts;
    const isEnough = (known: Keys) =>
      late.aborted || uses.every((use) => this.#isGood(known, use, rules));
    for (;;) {
      const freed = remoteKeys.placeFreed;
      try {
        return await remoteKeys.forEvents(server, isEnough, occasion);
      } catch (error) {
        if (error instanceof ServerUnreachable) return NO_KEYS;
        if (!(error instanceof MatrixError)) throw error;
        if (error.errcode !== 'M_LIMIT_EXCEEDED') return NO_KEYS;
        await within(freed, late).catch(() => {});
      }
    }
  }
}

/** What we signed ourselves comes back, also long after the key was changed. */
function ownKey({ current, old }: OwnKeys, keyId: KeyId): KnownKey | undefined {
  const own = [current, ...old].find((each) => each.keyId === keyId);
  const key = own && verifyKeyFrom(own.publicKey);
  if (!key) return undefined;
  const ended = 'expiredTs' in own ? { expiredTs: own.expiredTs } : {};
  return { key, validUntilTs: Number.MAX_SAFE_INTEGER, ...ended };
}

type Keys = ReadonlyMap<KeyId, KnownKey>;
type KeysOfAll = ReadonlyMap<ServerName, Keys>;
interface Wanting {
  readonly needed: Needed;
  readonly known: KeysOfAll;
  readonly told: KeysOfAll;
  readonly rules: RoomVersionRules;
}

/** Whoever was asked first is believed first, but for a word that is later. */
function joined(before: Keys = NO_KEYS, keys: Keys): Keys {
  const all = new Map(before);
  for (const [keyId, key] of keys) all.set(keyId, betterOf(before.get(keyId), key)!);
  return all;
}

type Needed = ReadonlyMap<ServerName, readonly Use[]>;

/** A notary may have heard of a key later than we; which key it is, its server's own word says. */
function betterOf(own: KnownKey | undefined, told: KnownKey | undefined): KnownKey | undefined {
  if (own === undefined || told === undefined) return own ?? told;
  const isLater = told.validUntilTs > own.validUntilTs && told.key.equals(own.key);
  return own.expiredTs === undefined && isLater ? told : own;
}

/** Whose keys are not to be had has signed nothing that could be believed. */
const NO_KEYS: Keys = new Map();

type Occasion = keyof typeof AT_ONCE;

interface Asking {
  readonly uses: readonly Use[];
  readonly rules: RoomVersionRules;
  readonly late: AbortSignal;
  readonly occasion: Occasion;
}

interface Use {
  readonly keyId: KeyId;
  readonly originServerTs: number;
}

function* neededKeys(
  events: readonly Event[],
  rules: RoomVersionRules,
): InBreaths<Map<ServerName, Use[]>> {
  const needed = new Map<ServerName, Use[]>();
  for (const [index, event] of events.entries()) {
    if (index % BREATH === BREATH - 1) yield;
    const servers = serversThatMustSign(event, rules);
    if (!servers.ok) continue;
    for (const server of servers.value) {
      const uses = needed.get(server) ?? [];
      needed.set(server, uses);
      for (const keyId of keyIdsOf(event.pdu, server).slice(0, KEYS_OF_EVENT_MAX))
        uses.push({ keyId, originServerTs: event.originServerTs });
    }
  }
  return needed;
}
