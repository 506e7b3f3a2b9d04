import { randomUUID } from 'node:crypto';
import {
  ClientEvent,
  createClient,
  type MatrixClient,
  type MatrixEvent,
  MatrixEventEvent,
  MemoryStore,
  type Room,
  SyncState,
} from 'matrix-js-sdk';
import { CryptoEvent } from 'matrix-js-sdk/lib/crypto-api/index.js';
import type { Logger } from 'matrix-js-sdk/lib/logger.js';

export interface Account {
  readonly userId: string;
  readonly password: string;
}

/** What the SDK complained about, for when a test fails. */
export const complaints: string[] = [];
const complain = (...parts: unknown[]) => void complaints.push(parts.map(String).join(' '));
const quiet: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn: complain,
  error: complain,
  getChild: () => quiet,
};
// Parts of the SDK ignore the logger that they were given.
for (const method of ['debug', 'info', 'log', 'warn', 'error', 'trace'] as const)
  console[method] = complain;

/** Registers as a client does, and answers the account. */
export async function register(url: string, name: string): Promise<Account> {
  const [username, password] = [`${name}-${randomUUID().slice(0, 8)}`, 'correct horse battery'];
  const client = createClient({ baseUrl: url, logger: quiet });
  const made = await client.registerRequest({
    username,
    password,
    auth: { type: 'm.login.dummy' },
    inhibit_login: true,
  });
  return { userId: made.user_id, password };
}

export interface LoginOptions {
  readonly encryption?: boolean;
  readonly lazyLoadMembers?: boolean;
  /** For servers that are trusted by an authority of a test. */
  readonly fetchFn?: typeof globalThis.fetch;
}

/** What a login is answered. */
export interface Session {
  readonly user_id: string;
  readonly device_id: string;
  readonly access_token: string;
}

/** Logs a new device in, starts it, and resolves when its first /sync is through. */
export async function login(
  url: string,
  { userId, password }: Account,
  options: LoginOptions = {},
): Promise<MatrixClient & Disposable> {
  const session = await createClient({ baseUrl: url, logger: quiet }).loginRequest({
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: userId },
    password,
  });
  return startClient(url, session, options);
}

/** The same, of a device that was logged in otherwise. */
export async function startClient(
  url: string,
  session: Session,
  { encryption = false, lazyLoadMembers = false, fetchFn }: LoginOptions = {},
): Promise<MatrixClient & Disposable> {
  const client = createClient({
    baseUrl: url,
    ...(fetchFn && { fetchFn }),
    userId: session.user_id,
    deviceId: session.device_id,
    accessToken: session.access_token,
    store: new MemoryStore(),
    logger: quiet,
    timelineSupport: true,
    cryptoCallbacks: { getSecretStorageKey: async ({ keys }) => secretStorageKey(client, keys) },
  });
  if (encryption) await client.initRustCrypto({ useIndexedDB: false });
  await client.startClient({ initialSyncLimit: 20, lazyLoadMembers, pollTimeout: 30_000 });
  await until(
    client,
    ClientEvent.Sync,
    () =>
      client.getSyncState() === SyncState.Prepared || client.getSyncState() === SyncState.Syncing,
  );
  return Object.assign(client, { [Symbol.dispose]: () => client.stopClient() });
}

/** Resolves when the condition holds; looked at now, and whenever the client emits the event. */
export function until<T>(
  client: MatrixClient,
  event: string,
  condition: () => Found<T> | Promise<Found<T>>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const look = () => void Promise.resolve(condition()).then(judge, reject);
    const judge = (found: Found<T>) => {
      if (!found) return;
      client.off(event as never, look as never);
      resolve(found);
    };
    client.on(event as never, look as never);
    look();
  });
}

type Found<T> = T | undefined | false | null;

/** The room, once /sync has brought it in this membership. */
export const roomOf = (client: MatrixClient, roomId: string, membership = 'join'): Promise<Room> =>
  until(client, ClientEvent.Sync, () => {
    const room = client.getRoom(roomId);
    return room?.getMyMembership() === membership && room;
  });

/**
 * Resolves when the client's crypto knows a device of each member. Where it does not within five seconds (`KEYS_QUERY_WAIT_TIME`
 * of matrix-sdk-crypto), it encrypts for whom it knows, and the others can read only from their next message on.
 */
export async function knowingDevicesIn(client: MatrixClient, room: Room): Promise<void> {
  const crypto = client.getCrypto()!;
  const members = room.getJoinedMembers().map(({ userId }) => userId);
  crypto.prepareToEncrypt(room);
  await until(client, CryptoEvent.DevicesUpdated, async () => {
    const known = await crypto.getUserDeviceInfo(members);
    return members.every((userId) => (known.get(userId)?.size ?? 0) > 0);
  });
}

/** The first event of the room's timeline that is like this, once it is there. */
export const eventIn = (
  client: MatrixClient,
  roomId: string,
  isIt: (event: MatrixEvent) => boolean,
): Promise<MatrixEvent> =>
  until(client, ClientEvent.Sync, () =>
    client.getRoom(roomId)?.getLiveTimeline().getEvents().find(isIt),
  );

export const messageIn = (client: MatrixClient, roomId: string, body: string) =>
  eventIn(client, roomId, (event) => event.getContent().body === body);

const keys = new WeakMap<MatrixClient, { id: string; key: Uint8Array<ArrayBuffer> }>();

export const rememberSecretStorageKey = (
  client: MatrixClient,
  id: string,
  key: Uint8Array<ArrayBuffer>,
) => void keys.set(client, { id, key });

async function secretStorageKey(
  client: MatrixClient,
  asked: Record<string, unknown>,
): Promise<[string, Uint8Array<ArrayBuffer>] | null> {
  const known = keys.get(client);
  if (known !== undefined && known.id in asked) return [known.id, known.key];
  const [id] = Object.keys(asked);
  return known !== undefined && id !== undefined ? [id, known.key] : null;
}

/** Resolves with the event once the client reads what it says. */
export const decrypted = (
  client: MatrixClient,
  roomId: string,
  body: string,
): Promise<MatrixEvent> =>
  until(client, MatrixEventEvent.Decrypted, () =>
    client
      .getRoom(roomId)
      ?.getLiveTimeline()
      .getEvents()
      .find((event) => event.getClearContent()?.body === body),
  );
