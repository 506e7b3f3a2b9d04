import { createHmac } from 'node:crypto';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';

/** A TURN server that knows the secret (`use-auth-secret` of coturn). */
export interface TurnServer {
  readonly uris: readonly string[];
  readonly secret: string;
  readonly lifeSeconds: number;
}

/** draft-uberti-behave-turn-rest-00: the name says until when, and the password proves that we said so. */
export function turnCredentials(turn: TurnServer, userId: UserId, nowMs: number): JsonObject {
  const username = `${Math.floor(nowMs / 1_000) + turn.lifeSeconds}:${userId}`;
  const password = createHmac('sha1', turn.secret).update(username).digest('base64');
  return { username, password, uris: turn.uris, ttl: turn.lifeSeconds };
}
