import { randomUUID } from 'node:crypto';
import { canonicalJson } from '../protocol/canonical-json.ts';
import { type ServerName, serverNameOf, type UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { Mail, Reaches } from './mail.ts';

/** An EDU for one server, with messages to one of its users or to several. */
export interface LetterAbroad {
  readonly server: ServerName;
  /** One of those to whom it goes. */
  readonly userId: UserId;
  /** By which the other server knows it, where it comes twice. */
  readonly messageId: string;
  /** Canonical. */
  readonly json: string;
}

/** Others take EDUs of 64 KiB; what one user is sent stays together. */
const LENGTH_MAX = 40_000;

/** Messages for users of other servers, as `m.direct_to_device`. Those that nobody would carry are dropped. */
export function lettersAbroad(
  sent: { readonly sender: UserId; readonly type: string; readonly mail: Mail },
  reaches: Reaches,
): LetterAbroad[] {
  const servers = Map.groupBy(sent.mail, ([userId]) => serverNameOf(userId));
  return [...servers].flatMap(([server, users]) =>
    reaches(server) ? piecesOf(users).map((piece) => letterOf(server, piece, sent)) : [],
  );
}

type OfUser = readonly [UserId, Readonly<Record<string, JsonObject>>];

function piecesOf(users: readonly OfUser[]): OfUser[][] {
  const pieces: OfUser[][] = [];
  let length = LENGTH_MAX;
  for (const user of users) {
    const own = JSON.stringify(user).length;
    if (length + own > LENGTH_MAX) {
      pieces.push([]);
      length = 0;
    }
    pieces.at(-1)!.push(user);
    length += own;
  }
  return pieces;
}

function letterOf(
  server: ServerName,
  users: readonly OfUser[],
  { sender, type }: { sender: UserId; type: string },
): LetterAbroad {
  const messageId = randomUUID();
  const messages = Object.fromEntries(users);
  const content = { sender, type, message_id: messageId, messages };
  const json = canonicalJson({ edu_type: 'm.direct_to_device', content }, 'as-found');
  return { server, userId: users[0]![0], messageId, json };
}
