import type { Accounts } from './accounts/accounts.ts';
import { accountFeatures } from './accounts/features.ts';
import { followRoom } from './accounts/follow-room.ts';
import { ignoredBy } from './accounts/ignored-users.ts';
import { blockingInvites } from './accounts/invite-permission.ts';
import { validationLink } from './accounts/validation-token.ts';
import { whyNotActive } from './accounts/why-not-active.ts';
import { appServiceFeatures } from './app-services/features.ts';
import { sendDraft } from './client-api/events/send-draft.ts';
import { delayedEventFeatures } from './delayed-events/features.ts';
import { encryptionFeatures } from './encryption/features.ts';
import type { FeatureGround } from './feature-ground.ts';
import { federationFeatures } from './federation/features.ts';
import type { RateLimits } from './http/rate-limits.ts';
import { ldapDirectory } from './ldap/features.ts';
import { mailFeatures } from './mail/features.ts';
import { mediaFeatures } from './media/features.ts';
import { orderFeatures } from './orders/features.ts';
import type { EventId, RoomId, UserId } from './protocol/identifiers.ts';
import { Retention } from './retention/retention.ts';
import type { Draft, Origin } from './rooms/draft.ts';
import { roomFeatures } from './rooms/features.ts';
import type { RoomPorts } from './rooms/ports.ts';
import { RoomList } from './rooms/read/room-list.ts';
import type { Rooms } from './rooms/rooms.ts';
import { searchFeatures } from './search/features.ts';
import { ServerNotices } from './server-notices/server-notices.ts';
import { signInFeatures } from './sign-in/features.ts';
import { roomStore } from './storage/rooms/room-store.ts';
import { syncFeatures } from './sync/features.ts';
import { transactionFeatures } from './transactions/features.ts';

/** All that this server can do, put together. What listens to the log hears of it in this order. */
export async function buildFeatures(ground: FeatureGround) {
  const { stored, rateLimits } = ground;
  const { mail, email } = mailOf(ground);
  const directory = ground.ldap && ldapDirectory(ground.ldap, ground.onError);
  const accounts = accountFeatures(stored, {
    ...{ ...ground, email, directory },
    issuers: ground.signIn.providers.map(({ issuer }) => issuer),
    tryLimits: loginTries(rateLimits),
  });
  await accounts.ports.passwordTries.restore();
  const appServices = appServiceFeatures(stored, {
    ...accounts.ports,
    appServices: ground.appServices,
  });
  const federation = federationFeatures(stored, ground);
  const encryption = encryptionFeatures(stored, {
    devices: accounts.ports.devices,
    reaches: (server) => federation.reaches(server),
    askForKeys: (server, request) => federation.askForKeys(server, request),
  });
  const rooms = roomFeatures({
    ...federation.underRooms(ground.lane),
    ...underRooms(ground, accounts.ports),
  });
  const beside = { ...stored, ...accounts.ports, ...rooms.ports };
  const noticesFrom = ground.serverNotices?.userId;
  const sync = syncFeatures({ ...federation.tells, ...ground, ...beside, noticesFrom });
  const delayedEvents = delayedEventFeatures({
    ...stored,
    ...asIfSentNow(accounts.ports.accounts, rooms.ports.rooms),
    timers: ground.timers,
    takeSend: async (userId) =>
      rateLimits.take('write', userId, await accounts.ports.ownRates.rateOf(userId)),
    onError: ground.onError,
  });
  const shared = { ...rooms.ports, ...sync.ports, ...encryption.ports };
  const transactions = transactionFeatures(stored, { ...shared, onError: ground.onError });
  const orders = orderFeatures(stored, { ...rooms.ports, onError: ground.onError });
  const search = searchFeatures({
    ...stored,
    ...{ databaseUrl: ground.databaseUrl, languages: ground.searchLanguages },
    rooms: rooms.ports.rooms,
    ignoredBy: (userId) => ignoredBy(accounts.ports.accountData, userId),
    onError: ground.onError,
  });
  const media = mediaFeatures(stored, { ...ground, fetchRemote: federation.fetchFile });
  const signIn = signInFeatures(stored, { ...ground.signIn, ...accounts.ports });
  const { retention: bounds } = ground;
  const retention = bounds && new Retention({ ...stored, bounds, onError: ground.onError });
  const features = {
    ...{ accounts, appServices, encryption, rooms },
    ...{ sync, delayedEvents, orders, search, federation, transactions, media, signIn },
    ...(mail && { mail }),
  };
  return {
    ...features,
    roomList: new RoomList(stored.database),
    ...{ retention, ownKeys: ground.ownKeys },
    serverNotices: new ServerNotices(ground.serverNotices, { ...accounts.ports, ...rooms.ports }),
    /** Ends long polls and timers, and what is done in the background. */
    async close() {
      retention?.close();
      await Promise.all(
        Object.values(features)
          .reverse()
          .map((feature) => feature.close()),
      );
    },
  };
}

/** What the rooms rest on. */
const underRooms = (ground: FeatureGround, accounts: AccountPorts): RoomPorts => ({
  log: ground.stored.log,
  store: roomStore(ground.stored.database, ground.relationsReady),
  identity: identityOf(ground),
  profileOf: async (userId) => (await accounts.profiles.soonOf(userId)) ?? {},
  erased: accounts.erasures,
  ignoredBy: (userId) => ignoredBy(accounts.accountData, userId),
  blockingInvites: (userIds) => blockingInvites(accounts.accountData, userIds),
  noticesFrom: ground.serverNotices?.userId,
  retention: ground.retention,
  forgetOnLeave: ground.forgetOnLeave,
  followRoom: (userId, move) => followRoom(accounts, userId, move),
  now: ground.stored.now,
  defaultRoomVersion: ground.defaultRoomVersion,
  memoryBytesMax: ground.roomMemoryBytesMax,
  onError: ground.onError,
  ...ground.underRooms,
});

/** Its key is the one of the moment in which it is asked for. */
const identityOf = ({ serverName, ownKeys }: FeatureGround): RoomPorts['identity'] => ({
  serverName,
  get key() {
    return ownKeys.current;
  },
});

/** The way out, and what the accounts may have of it. */
function mailOf({ stored, email, serverName, secret, onError }: FeatureGround) {
  if (email === undefined) return { mail: undefined, email: undefined };
  const { nextLinkHosts, isRequired, publicUrl, onFate } = email;
  const linkOf = (sid: string) => validationLink(publicUrl, sid, secret);
  const mail = mailFeatures(stored, email, { serverName, linkOf, onError, onFate });
  return { mail, email: { post: mail.post, nextLinkHosts, isRequired } };
}

const loginTries = (rateLimits: RateLimits) => ({
  take: (who: string) => rateLimits.take('login', who),
  owedMs: (who: string) => rateLimits.owedMs('login', who),
  owe: (who: string, ms: number) => rateLimits.owe('login', who, ms),
});

/** Who sends later is bound by what binds those who send now. */
const asIfSentNow = (accounts: Accounts, rooms: Rooms) => ({
  isRoom: async (roomId: RoomId) => (await rooms.isPublished(roomId)) !== undefined,
  mayNotAct: async (userId: UserId) => whyNotActive(await accounts.get(userId)),
  send: (roomId: RoomId, draft: Draft, origin: Origin<EventId>) =>
    sendDraft({ accounts, rooms }, roomId, draft, origin),
});

export type Features = Awaited<ReturnType<typeof buildFeatures>>;
export type AccountPorts = Features['accounts']['ports'];
