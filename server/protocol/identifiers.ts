/** Identifiers of the specification's appendix. A value of one of these types has been parsed. */
declare const brand: unique symbol;
type Brand<Name extends string> = string & { readonly [brand]: Name };

export type RoomId = Brand<'RoomId'>;
export type EventId = Brand<'EventId'>;
export type UserId = Brand<'UserId'>;
export type RoomAlias = Brand<'RoomAlias'>;
export type ServerName = Brand<'ServerName'>;

/** What a parser answers: the branded value, or why it is none, for the caller to read. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; reason: string };

/** Sigil and domain included. Bytes of UTF-8, not characters. */
export const IDENTIFIER_BYTES_MAX = 255;

/**
 * Also the historical ones: any localpart without `:` and U+0000, the empty one too, since rooms
 * have events by them. `isCompliantUserId` tells those apart.
 */
export const parseUserId = (text: string): Parsed<UserId> =>
  checked<UserId>(text, complaintAboutDomainForm('a user id', '@', text));

/** `!opaque:domain`, or from room version 12 on `!` and the hash of the create event. */
export const parseRoomId = (text: string): Parsed<RoomId> =>
  checked<RoomId>(
    text,
    text.startsWith('!') && HASH.test(text.slice(1))
      ? undefined
      : complaintAboutDomainForm('a room id', '!', text),
  );

export const parseRoomAlias = (text: string): Parsed<RoomAlias> =>
  checked<RoomAlias>(text, complaintAboutDomainForm('a room alias', '#', text));

/**
 * Of any room version. It is opaque: whether a hash is one is found out by looking for its event,
 * and an event that names a malformed one among its prev_events is as valid as one that names a
 * missing one.
 */
export const parseEventId = (text: string): Parsed<EventId> =>
  checked<EventId>(text, complaintAboutSigil('an event id', '$', text));

/** Of room versions 1 and 2: `$opaque:domain`, given by the sender's server. */
export const parseGivenEventId = (text: string): Parsed<EventId> =>
  checked<EventId>(text, complaintAboutDomainForm('an event id', '$', text));

/** Case-sensitive, and never normalised: `matrix.org` and `MATRIX.ORG` are two servers. */
export const parseServerName = (text: string): Parsed<ServerName> =>
  isServerName(text) ? good(text as ServerName) : bad(`not a server name: ${shown(text)}`);

/** Of what others wrote in the place of one: undefined where it is none. */
export function parsedIn<T>(value: unknown, parse: (text: string) => Parsed<T>): T | undefined {
  const parsed = typeof value === 'string' ? parse(value) : undefined;
  return parsed?.ok ? parsed.value : undefined;
}

/** Host and port of a server name; brackets of an IPv6 literal stay on, as in a URL. */
export const hostAndPort = (name: ServerName): { host: string; port: number | undefined } => {
  const colon = name.endsWith(']') ? -1 : name.lastIndexOf(':');
  return colon < 0
    ? { host: name, port: undefined }
    : { host: name.slice(0, colon), port: Number(name.slice(colon + 1)) };
};

export const serverNameOf = (id: UserId | RoomAlias): ServerName =>
  id.slice(id.indexOf(':') + 1) as ServerName;

/** The domain that an event id of room versions 1 and 2 carries; undefined for a hash. */
export const serverNameOfEventId = (id: EventId): ServerName | undefined => {
  const colon = id.indexOf(':');
  return colon < 0 ? undefined : (id.slice(colon + 1) as ServerName);
};

/** The server after which a room is named, where its id came with one; undefined from version 12 on. */
export const serverNameOfRoomId = (id: RoomId): ServerName | undefined => {
  const colon = id.indexOf(':');
  return colon < 0 ? undefined : parsedIn(id.slice(colon + 1), parseServerName);
};

export const localpartOf = (id: UserId | RoomAlias): string => id.slice(1, id.indexOf(':'));

/** For a user that is to be made here: the grammar of today, not the historical one. */
export const newUserId = (localpart: string, serverName: ServerName): Parsed<UserId> =>
  USER_LOCALPART.test(localpart)
    ? parseUserId(`@${localpart}:${serverName}`)
    : bad('a localpart is made of a-z, 0-9 and . _ = - / + and is not empty');

/**
 * Localparts outside U+0021 to U+007E, and the empty one, are non-compliant: events by such users
 * are accepted, but outside of an event they are not shown to clients.
 */
export const isCompliantUserId = (id: UserId): boolean => PRINTABLE.test(localpartOf(id));

/**
 * The weaker form by which peers judge the keys of `users` in `m.room.power_levels`. A stricter
 * reading of "valid user IDs" would refuse power levels that the rest of the room has accepted.
 */
export const hasUserIdForm = (text: string): boolean => text.startsWith('@') && text.includes(':');

const good = <T>(value: T): Parsed<T> => ({ ok: true, value });
const bad = (reason: string): { ok: false; reason: string } => ({ ok: false, reason });

const checked = <T extends string>(text: string, complaint: string | undefined): Parsed<T> =>
  complaint === undefined ? good(text as T) : bad(complaint);

const complaintAboutSigil = (what: string, sigil: string, text: string): string | undefined => {
  if (!text.startsWith(sigil)) return `${what} starts with ${sigil}: ${shown(text)}`;
  if (text.length === 1) return `${what} is more than its sigil`;
  if (isTooLong(text)) return `${what} has at most ${IDENTIFIER_BYTES_MAX} bytes`;
  if (text.includes('\0')) return `${what} has no U+0000`;
  if (!text.isWellFormed()) return `${what} has no lone surrogates`;
  return undefined;
};

const complaintAboutDomainForm = (
  what: string,
  sigil: string,
  text: string,
): string | undefined => {
  const complaint = complaintAboutSigil(what, sigil, text);
  if (complaint !== undefined) return complaint;
  const colon = text.indexOf(':');
  if (colon < 0) return `${what} has a server name after a colon: ${shown(text)}`;
  return isServerName(text.slice(colon + 1))
    ? undefined
    : `the server name of ${what} is none: ${shown(text)}`;
};

/** Counting bytes costs more than a look at the length, which settles nearly every identifier. */
const isTooLong = (text: string): boolean =>
  text.length > IDENTIFIER_BYTES_MAX ||
  (text.length * 3 > IDENTIFIER_BYTES_MAX && Buffer.byteLength(text) > IDENTIFIER_BYTES_MAX);

const HASH = /^[A-Za-z0-9_-]{43}$/;
const USER_LOCALPART = /^[a-z0-9._=/+-]+$/;
const PRINTABLE = /^[\x21-\x7e]+$/;
const DNS_NAME_AND_PORT = /^[A-Za-z0-9.-]{1,255}(?::[0-9]{1,5})?$/;
const IPV6_AND_PORT = /^\[([0-9A-Fa-f:.]{2,45})\](?::[0-9]{1,5})?$/;
const DOTTED_QUAD = /^([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)(?::[0-9]+)?$/;

const isServerName = (text: string): boolean => {
  if (DNS_NAME_AND_PORT.test(text)) return isNoQuadOrInRange(text);
  const ipv6 = IPV6_AND_PORT.exec(text);
  return ipv6 !== null && URL.canParse(`http://[${ipv6[1]}]`);
};

/** `1.2.3.999` fits the grammar of a DNS name, but is an IPv4 literal out of its range. */
const isNoQuadOrInRange = (text: string): boolean => {
  const quad = DOTTED_QUAD.exec(text);
  return quad === null || quad.slice(1).every((part) => part.length <= 3 && Number(part) <= 255);
};

const shown = (text: string): string => JSON.stringify(text.slice(0, 80));
