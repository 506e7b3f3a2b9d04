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
