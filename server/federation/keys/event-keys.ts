import { within } from '../../outward/within.ts';
import type { Event } from '../../protocol/event.ts';
import { type FindKey, serversThatMustSign } from '../../protocol/event-signatures.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import { type KnownKey, keyIsValidFor } from '../../protocol/key-validity.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import { keyIdsOf } from '../../protocol/signatures.ts';
import { type KeyId, type SigningKey, verifyKeyFrom } from '../../protocol/signing-keys.ts';
import { ServerUnreachable } from '../federation-client.ts';
import type { RemoteKeys } from './remote-keys.ts';

interface Self {
  readonly serverName: ServerName;
  readonly signingKey: SigningKey;
}

interface Parts {
  readonly self: Self;
  readonly remoteKeys: Pick<RemoteKeys, 'forEvents' | 'placeFreed'>;
  readonly now: () => number;
}

/** Fewer than one may ask at once: who asks for the keys of a large room leaves places to what comes beside it. */
const AT_ONCE = 12;
/** For all servers together: whose keys are not there by then has signed nothing that could be believed. */
const WITHIN_MS = 60_000;

/** By which servers' keys events may be signed; each server is asked once for all of its events. */
export class EventKeys {
  readonly #parts: Parts;
  readonly #own: KnownKey;

  constructor(parts: Parts) {
    this.#parts = parts;
    const key = verifyKeyFrom(parts.self.signingKey.publicKey);
    if (!key) throw new Error('our own public key is none');
    this.#own = { key, validUntilTs: Number.MAX_SAFE_INTEGER };
  }

  async of(events: readonly Event[], rules: RoomVersionRules): Promise<FindKey> {
    const { serverName, signingKey } = this.#parts.self;
    const needed = neededKeys(events, rules);
    needed.delete(serverName);
    const known = new Map<ServerName, ReadonlyMap<KeyId, KnownKey>>();
    const open = [...needed];
    const late = AbortSignal.timeout(WITHIN_MS);
    const askOn = async () => {
      for (let next = open.pop(); next !== undefined; next = open.pop())
        known.set(next[0], await this.#keysOf(next[0], { uses: next[1], rules, late }));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, askOn));
    return (server, keyId) =>
      server === serverName && keyId === signingKey.keyId
        ? this.#own
        : known.get(server)?.get(keyId);
  }

  async #keysOf(server: ServerName, { uses, rules, late }: Asking): Promise<Keys> {
    const { remoteKeys, now } = this.#parts;
    const isEnough = (known: Keys) =>
      late.aborted ||
      uses.every(({ keyId, originServerTs }) => {
        const key = known.get(keyId);
        return key !== undefined && keyIsValidFor(key, originServerTs, rules, now());
      });
    for (;;) {
      const freed = remoteKeys.placeFreed;
      try {
        return await remoteKeys.forEvents(server, isEnough);
      } catch (error) {
        if (error instanceof ServerUnreachable) return NO_KEYS;
        if (!(error instanceof MatrixError)) throw error;
        if (error.errcode !== 'M_LIMIT_EXCEEDED') return NO_KEYS;
        await within(freed, late).catch(() => {});
      }
    }
  }
}

type Keys = ReadonlyMap<KeyId, KnownKey>;

/** Whose keys are not to be had has signed nothing that could be believed. */
const NO_KEYS: Keys = new Map();

interface Asking {
  readonly uses: readonly Use[];
  readonly rules: RoomVersionRules;
  readonly late: AbortSignal;
}

interface Use {
  readonly keyId: KeyId;
  readonly originServerTs: number;
}

function neededKeys(events: readonly Event[], rules: RoomVersionRules): Map<ServerName, Use[]> {
  const needed = new Map<ServerName, Use[]>();
  for (const event of events) {
    const servers = serversThatMustSign(event, rules);
    if (!servers.ok) continue;
    for (const server of servers.value) {
      const uses = needed.get(server) ?? [];
      needed.set(server, uses);
      for (const keyId of keyIdsOf(event.pdu, server))
        uses.push({ keyId, originServerTs: event.originServerTs });
    }
  }
  return needed;
}
