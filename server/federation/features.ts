import { Resolver } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stored } from '../log/stored.ts';
import { AddressGuard } from '../outward/address-guard.ts';
import type { RoomId, ServerName, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { OwnKeys } from '../protocol/server-keys.ts';
import { Admission } from './admission.ts';
import { askForKeys } from './asking/ask-for-keys.ts';
import { Elsewhere } from './asking/elsewhere.ts';
import { RemoteFiles } from './asking/remote-files.ts';
import { RoomQuestions } from './asking/room-questions.ts';
import { Discovery, type Peer } from './discovery/discovery.ts';
import type { DiscoveryPorts } from './discovery/find-server.ts';
import { srvBy } from './discovery/srv.ts';
import { WellKnown } from './discovery/well-known.ts';
import { Examination, type ExaminationPorts } from './examination/examination.ts';
import { FederationClient } from './federation-client.ts';
import { Heard } from './heard.ts';
import { IdentityServers } from './identity-servers.ts';
import { EventKeys } from './keys/event-keys.ts';
import { Notary } from './keys/notary.ts';
import { RemoteKeys } from './keys/remote-keys.ts';
import { RoomServers } from './membership/room-servers.ts';
import { ThirdPartyInvites } from './membership/third-party-invites.ts';
import { Reach } from './reach.ts';
import type { NoLongerTold } from './sending/catch-up.ts';
import { DestinationList } from './sending/destination-list.ts';
import type { JustCommitted } from './sending/lately-said.ts';
import { Sending, type SendingBounds } from './sending/sending.ts';
import { ServerRequests } from './server-requests.ts';

export interface FederationOptions {
  readonly serverName: ServerName;
  readonly ownKeys: OwnKeys;
  readonly federation: FederationSettings;
  /** Of work that nobody waits for. */
  readonly onError: (error: unknown) => void;
}

export interface FederationSettings {
  readonly enabled: boolean;
  readonly ca?: string | undefined;
  /** By name. */
  readonly peers: ReadonlyMap<string, Peer>;
  readonly allow?: readonly string[] | undefined;
  readonly deny: readonly string[];
  readonly allowNetworks: readonly string[];
  /** Of all servers: none of them leads us to a host for another's sake. */
  readonly isTrusting?: boolean | undefined;
  /** Whom the operator believes in the keys of servers that do not answer: asked in this order. */
  readonly notaries?: readonly ServerName[] | undefined;
  /** Which rooms are joined without their members first; none unless told. */
  readonly fasterJoins?: FasterJoins | undefined;
  /** A test's own. */
  readonly joinWaitsMs?: number | undefined;
  readonly sending?: SendingBounds | undefined;
}

type FasterJoins = 'large' | 'always' | 'never';

/** Of smaller ones nobody waits long for the members. */
const LARGE_MEMBERS = 1_000;

const joiningBy = ({ fasterJoins = 'never', joinWaitsMs }: FederationSettings) => ({
  ...{ fasterFrom: FASTER_FROM[fasterJoins], joinWaitsMs },
});

const FASTER_FROM = { large: LARGE_MEMBERS, always: 0, never: undefined } as const;

export type FederationPorts = ReturnType<typeof federationFeatures>['ports'];

const CLOSE_MS_MAX = 1_000;

/** Everything of this folder, put together. Nobody is asked, and nothing connected, before it is used or begins. */
export function federationFeatures(
  stored: Stored,
  { serverName, ownKeys, federation, onError }: FederationOptions,
  { srv = srvBy(new Resolver({ timeout: 3_000, tries: 2 })) }: { srv?: DiscoveryPorts['srv'] } = {},
) {
  const { now, database, log } = stored;
  const self = { serverName, ownKeys };
  const admission = new Admission({ allow: federation.allow, deny: federation.deny });
  const reach = new Reach(guardOf(federation), federation.ca);
  const wellKnown = new WellKnown(reach, now);
  const ports = { srv, wellKnown, now, random: Math.random };
  const discovery = new Discovery(federation.peers, ports);
  const heard = new Heard();
  const client = new FederationClient(self, { admission, discovery, reach, answered: heard.tell });
  const examining = { own: serverName, admission, client, reach, discovery, ...ports };
  const remoteKeys = new RemoteKeys({ stored, client }, { isTrusting: federation.isTrusting });
  const asked = askedFor(federation, { own: serverName, client, reach, database, now });
  const eventKeys = eventKeysOf({ self, remoteKeys, client, now, notaries: federation.notaries });
  let sending: Sending | undefined;
  return {
    /** What rooms rest on that are shared with other servers. */
    underRooms: <Lane>(lane: Lane) =>
      federation.enabled
        ? {
            ...{ eventKeys, askServers: new RoomQuestions(client) },
            // Rooms in which our users are not yet.
            elsewhere: {
              ...{ servers: new RoomServers(client), lane, onHeard: heard.listen },
              ...joiningBy(federation),
            },
          }
        : {},
    ports: {
      ...{ eventKeys, federationClient: client },
      destinationList: destinationList(database, () => sending),
      ...examinationBy(federation, examining),
      ...asked.ports,
      identityServers: new IdentityServers(reach),
      notary: new Notary({ self, remoteKeys, now }),
      serverRequests: new ServerRequests({
        ...{ serverName, keys: remoteKeys, admission },
        heardFrom: heardBy(heard, () => sending),
      }),
    },
    /** What is gone in a moment: that somebody began to type, or ceased; and who is there, of those in some rooms. */
    tells: federation.enabled ? tellsOf(() => sending) : {},
    /** Whether what is left for the server gets there some day. */
    reaches: (server: ServerName): boolean =>
      federation.enabled && server !== serverName && admission.admits(server),
    fetchFile: asked.fetchFile,
    askForKeys: keysAskedBy(client),
    /** By the writer, behind its takeover: what is theirs is gathered for other servers. */
    async begin(ofRooms: { noLongerTold: NoLongerTold; justCommitted: JustCommitted }) {
      if (!federation.enabled) return;
      const admits = (server: ServerName) => admission.admits(server);
      sending = await Sending.open({
        ...{ own: serverName, client, admits, database, log, now, onError, ...ofRooms },
        ...{ random: Math.random, bounds: federation.sending },
      });
    },
    /** It is sent from here on: this server answers. */
    answers: () => sending?.answers(),
    /** A database that does not answer holds up nobody's end: the next writer goes on from what is saved. */
    async close() {
      const closed = sending?.close().catch(onError);
      await Promise.race([closed, sleep(CLOSE_MS_MAX, undefined, { ref: false })]);
      void reach.close();
    },
  };
}

interface AskedPorts {
  readonly own: ServerName;
  readonly client: FederationClient;
  readonly reach: Reach;
  readonly database: Stored['database'];
  readonly now: () => number;
}

/** What people here look at that is elsewhere: undefined where no other server is asked for anything. */
function askedFor({ enabled }: FederationSettings, ports: AskedPorts) {
  const files = new RemoteFiles(ports);
  return {
    ports: {
      elsewhere: enabled ? new Elsewhere(ports) : undefined,
      thirdPartyInvites: enabled ? new ThirdPartyInvites(ports.client) : undefined,
      toldInvites: enabled ? new ThirdPartyInvites(ports.client) : undefined,
    },
    fetchFile: enabled
      ? (wish: Parameters<RemoteFiles['fetch']>[0]) => files.fetch(wish)
      : undefined,
  };
}

const guardOf = ({ allowNetworks: allowed }: FederationSettings) =>
  new AddressGuard({ allowed, key: 'federation.allowNetworks' });

const examinationBy = (
  { enabled: isOpen, peers }: FederationSettings,
  ports: Omit<ExaminationPorts, 'isOpen' | 'peers'>,
) => ({ examination: new Examination({ isOpen, peers, ...ports }) });

const keysAskedBy =
  (client: FederationClient) => (server: ServerName, request: Parameters<typeof askForKeys>[2]) =>
    askForKeys(client, server, request);

function eventKeysOf(parts: ConstructorParameters<typeof EventKeys>[0]): EventKeys['of'] {
  const keys = new EventKeys(parts);
  return (events, rules, notary) => keys.of(events, rules, notary);
}

const destinationList = (database: Stored['database'], sending: () => Sending | undefined) =>
  new DestinationList(database, {
    isMade: (server) => sending()?.isPausedFor(server) ?? false,
    end: (server) => sending()?.tryNow(server) ?? false,
  });

/** A server proved to be itself in a request to us. */
const heardBy =
  (heard: Heard, sending: () => Sending | undefined) =>
  (server: ServerName): void => {
    sending()?.heardFrom(server);
    heard.tell(server);
  };

const tellsOf = (sending: () => Sending | undefined) => ({
  tellTyping: (roomId: RoomId, userId: UserId, isTyping: boolean) =>
    sending()?.passing.typing(roomId, userId, isTyping),
  tellPresenceAbroad: (userId: UserId, presence: JsonObject, roomIds: ReadonlySet<RoomId>) =>
    sending()?.passing.presence(userId, presence, roomIds),
});
