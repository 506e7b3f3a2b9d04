import { z } from 'zod';
import type { AppService } from '../protocol/app-service.ts';
import { parseServerName } from '../protocol/identifiers.ts';
import { DEFAULT_ROOM_VERSION, type RoomVersion, roomVersions } from '../protocol/room-versions.ts';
import { SEARCH_LANGUAGES, type SearchLanguage } from '../storage/search/search-languages.ts';
import type { EmailConfig } from './email.ts';
import { email } from './email-keys.ts';
import type { IdentityProvider } from './identity-providers.ts';
import type { LdapConfig } from './ldap.ts';
import { ldap } from './ldap-keys.ts';
import { isLocalpart } from './localpart.ts';
import { isNetwork } from './network.ts';
import { urlPreviews } from './preview-keys.ts';
import type { S3Config } from './s3.ts';
import { s3 } from './s3-keys.ts';
import { scanning } from './scanning-keys.ts';
import { serverName } from './server-name.ts';
import { several, severalPaths } from './several.ts';
import { signIn } from './sign-in-keys.ts';

const address = z
  .string()
  .regex(/^(\[[0-9a-f:.]+\]|[^:\s]+):\d{1,5}$/i, { error: 'must be HOST:PORT', abort: true })
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'has no such port');

/** As libpq reads it; the host may be a Unix socket, which no URL parser takes. */
const databaseUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\//, 'must be a URL such as postgresql://user:password@host/database');

const rate = (perSecond: number, burst: number, what: string) =>
  z
    .strictObject({
      perSecond: z.number().positive().default(perSecond).describe(`${what}, in the long run.`),
      burst: z.number().positive().default(burst).describe('How many at once after a quiet time.'),
    })
    .prefault({});

const rateLimits = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Off only where all clients and other servers are your own.'),
    read: rate(50, 200, 'Requests of a user that read'),
    write: rate(10, 100, 'Messages, state and uploads of a user'),
    sync: rate(100, 500, 'Answers of /sync to all devices of a user together'),
    wholeSync: rate(1, 30, 'Answers of /sync to a user that tell everything there is'),
    preview: rate(2, 60, 'Previews of URLs for a user'),
    mail: rate(
      0.01,
      5,
      'E-mails to people, by which addresses are confirmed, for whoever asks from an address',
    ),
    login: rate(0.2, 10, 'Logins from an address'),
    registration: rate(0.1, 5, 'New accounts from an address'),
  })
  .prefault({})
  .describe('Beyond these a request is answered 429, with the time to wait.');

/** `a, b` */
const severalUrls = (protocols: RegExp, what: string) =>
  z
    .string()
    .transform((text) => text.split(',').map((url) => url.trim()))
    .refine(
      (urls) => urls.every((url) => protocols.test(url)),
      `must be ${what}, with commas between several`,
    );

const searchLanguages = z
  .string()
  .default('simple')
  .transform((text, context): SearchLanguage[] => {
    const names = [...new Set(text.split(',').map((name) => name.trim()))];
    const found = names.flatMap((name) => SEARCH_LANGUAGES.find((each) => each === name) ?? []);
    if (found.length === names.length && found.length <= SEARCH_LANGUAGES_MAX) return found;
    const message = `must be up to ${SEARCH_LANGUAGES_MAX} of ${SEARCH_LANGUAGES.join(', ')}, with commas between several`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
/** Each has words of its own for everything that is said. */
const SEARCH_LANGUAGES_MAX = 5;
/** Each has its share of the time. */
const NOTARIES_MAX = 5;
const federation = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe('Share rooms with other servers, and answer what they ask.'),
    ca: z
      .string()
      .optional()
      .describe('PEM file with certificate authorities of your own, beside those of the system.'),
    peers: several((text) => PEER.test(text), 'NAME=HOST:PORT')
      .optional()
      .describe(
        'Where servers are that no DNS knows, as NAME=HOST:PORT with commas between several.',
      ),
    allow: several((text) => parseServerName(text).ok, 'server names')
      .optional()
      .describe('The only servers to deal with, with commas between several. Else all.'),
    deny: several((text) => parseServerName(text).ok, 'server names')
      .optional()
      .describe('Servers not to deal with, with commas between several.'),
    allowNetworks: several(isNetwork, 'networks such as 10.1.0.0/16')
      .optional()
      .describe('Private networks in which other servers are, with commas between several.'),
    notaries: several((text) => parseServerName(text).ok, 'server names')
      .refine((all) => all.length <= NOTARIES_MAX, `may be ${NOTARIES_MAX} at most`)
      .optional()
      .describe(
        'Servers that are asked, one after the other, for the keys of those that do not answer where a room is joined, with commas between several. Behind them the server is asked by which it is joined.',
      ),
    fasterJoins: z
      .enum(['large', 'always', 'never'])
      .default('large')
      .describe(
        'Which rooms of other servers can be used while their members are still fetched (large: of 1,000 and more, where the server says so); what others say there comes with them.',
      ),
  })
  .prefault({})
  .describe('Other homeservers.');

const PEER = /^(\S+)=(\[[0-9a-f:.]+\]|[^\s:=]+):(\d{1,5})$/i;

const turn = z
  .strictObject({
    uris: severalUrls(
      /^turns?:\S+$/,
      'URIs such as turn:turn.example.org:3478?transport=udp',
    ).describe(
      'Of your TURN server, with commas between several. Calls need one where people are behind NAT.',
    ),
    secret: z.string().min(1).describe('The same as `static-auth-secret` of coturn.'),
    lifeSeconds: z.int().positive().default(86_400).describe('How long its credentials hold.'),
  })
  .optional();

const support = z
  .strictObject({
    page: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('URL of a page that helps people.'),
    adminUserId: z
      .string()
      .startsWith('@')
      .optional()
      .describe('Whom people may ask about anything.'),
    adminEmail: z.email().optional().describe('The same by e-mail.'),
    securityUserId: z.string().startsWith('@').optional().describe('To whom holes are told.'),
    securityEmail: z.email().optional().describe('The same by e-mail.'),
  })
  .prefault({})
  .describe('What /.well-known/matrix/support says; nothing unless set.');

const MIB = 1024 * 1024;

const media = z
  .strictObject({
    uploadBytesMax: z
      .int()
      .positive()
      .default(50 * MIB)
      .describe(
        'Longest file that is taken, in bytes. In a cluster at most an eighth of `front.hold.diskBytesMax`.',
      ),
    userBytesMax: z
      .int()
      .positive()
      .default(5 * 1024 * MIB)
      .describe('What one user may upload in all, in bytes. A file counts as 1 KiB at least.'),
    bytesMax: z
      .int()
      .positive()
      .default(100 * 1024 * MIB)
      .describe(
        'What all may upload together, in bytes. It lies in the database, of which each site has a copy, unless `s3` is set.',
      ),
    cacheFolder: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Folder of thumbnails and the like, which are made anew where it is lost or may not be written. Unless set, `media-cache` in `data`.',
      ),
    cacheBytesMax: z
      .int()
      .nonnegative()
      .default(1024 * MIB)
      .describe('What is kept there, in bytes; 0 for nothing. Least recently used goes first.'),
    keptDays: z
      .int()
      .positive()
      .optional()
      .describe(
        'Delete files that nobody has asked for in so many days. Pictures of people and rooms stay. Unless set, all do.',
      ),
    withoutToken: z
      .boolean()
      .default(false)
      .describe(
        'Give files to who has their address and no account, too, for clients from before Matrix 1.11.',
      ),
  })
  .prefault({})
  .describe('Files and pictures that people upload.');

const days = () => z.number().positive().max(36_500);

const retention = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe('Let rooms say how long they keep what is said (`m.room.retention`). State stays.'),
    defaultDays: days()
      .optional()
      .describe('Of rooms that say nothing of it. Without it these keep everything.'),
    minDays: days().optional().describe('A room that wishes for less keeps it so long.'),
    maxDays: days().optional().describe('A room that wishes for more keeps it so long.'),
  })
  .prefault({})
  .refine(
    ({ minDays = 0, maxDays = Number.POSITIVE_INFINITY }) => minDays <= maxDays,
    'must have a minDays that is not above maxDays',
  )
  .describe('How long what is said in rooms is kept. What is older is purged, for good.');

const serverNotices = z
  .strictObject({
    localpart: z
      .string()
      .refine(isLocalpart, 'must be a localpart such as notices')
      .describe('Who speaks: an account that nobody else has, made by the server.'),
    displayName: z.string().min(1).default('Server Notices').describe('How they are called.'),
    avatarUrl: z.string().startsWith('mxc://').optional().describe('Their picture, as mxc://….'),
    roomName: z.string().min(1).default('Server Notices').describe('How the rooms are called.'),
    roomTopic: z.string().optional().describe('What the rooms are about.'),
    roomAvatarUrl: z.string().startsWith('mxc://').optional().describe('The picture of the rooms.'),
    autoJoin: z
      .boolean()
      .default(false)
      .describe('Bring users into their room. Else they are invited, and cannot refuse.'),
  })
  .optional();

const TERMS_OF = /^([a-z]{2,3}(?:-[A-Za-z0-9]+)*)=(https?:\/\/\S+)$/;

const terms = z
  .strictObject({
    urls: several((text) => TERMS_OF.test(text), 'LANGUAGE=URL')
      .transform((all) => Object.fromEntries(all.map((text) => TERMS_OF.exec(text)!.slice(1))))
      .describe(
        'What people agree to who make an account, as LANGUAGE=URL with commas between several languages.',
      ),
    version: z.coerce.string().min(1).max(100).default('1').describe('Of what stands there.'),
    name: z.string().min(1).max(255).default('Terms and conditions').describe('How it is called.'),
  })
  .optional();

const cluster = z.strictObject({
  site: z.string().describe('The name of this site, the same as in the agent’s configuration.'),
  listen: address.describe('HOST:PORT where the fronts of all sites reach this server.'),
  ca: z.string().describe('PEM file: the cluster’s own certificate authority.'),
  certificate: z.string().describe('PEM file: the certificate of this server.'),
  key: z.string().describe('PEM file: its private key.'),
  runtimeDir: z.string().describe('Folder of the socket over which the agent gives the role.'),
  databaseUrl: databaseUrl.describe('The PostgreSQL of this site, primary or standby.'),
  secretFile: z.string().describe('Opens the signing key in the database; the same at every site.'),
});

/** Every key of the server's configuration; the example file and the options are made from it. */
export const configSchema = z.strictObject({
  serverName: serverName
    .default('localhost')
    .describe('The part of every user id behind the colon. It can never be changed.'),
  data: z
    .string()
    .default('./data')
    .describe('Folder of the database and of the key that opens its secrets.'),
  listen: address.default('127.0.0.1:8008').describe('HOST:PORT for clients, without TLS.'),
  publicUrl: z
    .url({ protocol: /^https?$/, error: 'must be a URL that begins with https:// or http://' })
    .overwrite((url) => url.replace(/\/+$/, ''))
    .optional()
    .describe('Where clients reach this server, as /.well-known says it. Else made of `listen`.'),
  registration: z
    .enum(['open', 'token', 'closed'])
    .default('token')
    .describe('Who may make an account: everybody, who has a token, or nobody.'),
  guests: z
    .boolean()
    .default(false)
    .describe('Let people in without an account, to read and talk where rooms let guests in.'),
  forgetOnLeave: z
    .boolean()
    .default(false)
    .describe(
      'Let whoever leaves a room, or is made to, lose sight of what they could read there, as if they asked for it.',
    ),
  registrationSharedSecret: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Whoever knows it may make accounts, administrators too, as with Synapse. Off unless set.',
    ),
  adminApi: z
    .boolean()
    .default(true)
    .describe('Serve /_synapse/admin to administrators and whoever knows the shared secret.'),
  defaultRoomVersion: z
    .enum(roomVersions() as [RoomVersion, ...RoomVersion[]])
    .default(DEFAULT_ROOM_VERSION)
    .describe('Of rooms whose creator names none.'),
  database: databaseUrl
    .optional()
    .describe('URL of a PostgreSQL of your own. Without it, one is run inside `data`.'),
  presence: z
    .boolean()
    .default(true)
    .describe('Tell people who is online. It costs: all who share a room are told of each change.'),
  passwordCost: z
    .enum(['safe', 'for-tests'])
    .default('safe')
    .describe('Of a password hash. `for-tests` is quick, and so is guessing.'),
  appServices: severalPaths
    .optional()
    .describe(
      'Files with the registrations of bridges and bots, with commas between several; the same at every site.',
    ),
  searchLanguages: searchLanguages.describe(
    'In which what is said is found, with commas between several: `simple` takes words as they are, `portuguese` also finds other forms of them. A change makes the index anew.',
  ),
  terms: terms.describe('To which people agree who make an account; off unless set.'),
  email: email.describe(
    'What this server writes to people: to confirm their addresses, and for new passwords; off unless set.',
  ),
  ldap: ldap.describe(
    'A directory whose people log in with the password that they have there; off unless set.',
  ),
  signIn,
  federation,
  turn: turn.describe('Credentials for calls; off unless set.'),
  livekitServiceUrls: severalUrls(/^https?:\/\/\S+$/, 'URLs that begin with https:// or http://')
    .optional()
    .describe(
      'Of the services that let people into calls (lk-jwt-service), with commas between several.',
    ),
  support,
  policyServerKey: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}$/, 'must be an ed25519 public key in unpadded base64')
    .optional()
    .describe(
      'Public key of a policy server that runs under this server’s name, for /.well-known/matrix/policy_server.',
    ),
  retention,
  serverNotices: serverNotices.describe(
    'What administrators let the server say to users, each in a room of their own (`/_synapse/admin/v1/send_server_notice`); off unless set.',
  ),
  media,
  s3: s3.describe(
    'A store that speaks S3, where files are brought behind their upload; off unless set. The same at every site.',
  ),
  scanning: scanning.describe(
    'A scanner that may refuse files before anybody is given them; off unless set. It sees nothing of files in encrypted rooms, which are encrypted before they are uploaded.',
  ),
  urlPreviews,
  logLevel: z
    .enum(['silent', 'error', 'warn', 'info', 'debug'])
    .default('warn')
    .describe('`info` has a line for each request.'),
  metricsListen: address
    .optional()
    .describe('HOST:PORT of the metrics for Prometheus; off unless set.'),
  rateLimits,
  cluster: cluster.optional().describe('Only as a site of a cluster. Else this server is alone.'),
});

/** As it was given: where files are named, without what is in them. */
export type ConfigGiven = z.output<typeof configSchema>;

export interface Config
  extends Omit<ConfigGiven, 'signIn' | 'appServices' | 'email' | 'ldap' | 's3'> {
  readonly appServices: readonly AppService[];
  readonly signIn: {
    readonly providers: readonly IdentityProvider[];
    readonly clients: readonly string[];
  };
  readonly email: EmailConfig | undefined;
  readonly ldap: LdapConfig | undefined;
  readonly s3: S3Config | undefined;
}
export type ClusterConfig = NonNullable<Config['cluster']>;
