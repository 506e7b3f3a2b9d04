import type { PlacedRecord, Row } from '../../log/change.ts';
import {
  parsedIn,
  parseRoomId,
  parseUserId,
  type RoomId,
  type ServerName,
  serverNameOf,
  type UserId,
} from '../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { numberOf } from '../../protocol/parse-json.ts';

/** What EDUs add to the commit of their transaction, where they are durable. */
export type Effect = (change: {
  readonly position: () => number;
  readonly rows: Row[];
  readonly records: PlacedRecord[];
}) => void;

/** Takes all EDUs of one type that a transaction brought. Those that are none, or of users of others, take no effect. */
export type TakeEdus = (
  origin: ServerName,
  contents: readonly JsonObject[],
) => Promise<readonly Effect[]>;

export const NO_EFFECT: readonly Effect[] = [];

/** A server speaks for its own users only. */
export function userOf(origin: ServerName, value: JsonValue | undefined): UserId | undefined {
  const userId = parsedIn(value, parseUserId);
  return userId !== undefined && serverNameOf(userId) === origin ? userId : undefined;
}

export const roomIn = (value: JsonValue | undefined): RoomId | undefined =>
  parsedIn(value, parseRoomId);

export const objectOf = (value: JsonValue | undefined): JsonObject =>
  isObject(value) ? value : {};

export const listIn = (value: JsonValue | undefined): readonly JsonValue[] =>
  Array.isArray(value) ? value : [];

export const stringOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

export const numberIn = (value: JsonValue | undefined): number | undefined => numberOf(value);
