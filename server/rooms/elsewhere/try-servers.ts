import type { ServerName } from '../../protocol/identifiers.ts';
import { badGateway, MatrixError } from '../../protocol/matrix-error.ts';

/** What a server answered is nothing to go by: another one may be asked. */
export class NotUsable extends Error {
  override readonly name = 'NotUsable';
}

const SERVERS_MAX = 8;
const WITHIN_MS = 90_000;

/** Asks one after the other until one does it; throws what was said by one that knew better, else that none could be asked. */
export async function tryServers<T>(
  servers: readonly ServerName[],
  attempt: (server: ServerName) => Promise<T>,
  nowMs: () => number = () => performance.now(),
): Promise<T> {
  const begun = nowMs();
  const said: unknown[] = [];
  for (const server of servers.slice(0, SERVERS_MAX)) {
    if (nowMs() - begun > WITHIN_MS) break;
    try {
      return await attempt(server);
    } catch (error) {
      if (!isOfThatServer(error)) throw error;
      said.push(error);
    }
  }
  throw verdictOf(said);
}

/** The names of errors of `federation` are known by no other way here. */
const isOfThatServer = (error: unknown): boolean =>
  error instanceof MatrixError ||
  error instanceof NotUsable ||
  (error instanceof Error && error.name === 'ServerUnreachable');

/** A refusal by the room's rules first: that is what the user can do something about. */
function verdictOf(said: readonly unknown[]): Error {
  const refusals = said.filter((each) => each instanceof MatrixError);
  const told = refusals.find(({ status }) => status === 403) ?? refusals[0];
  if (told && told.status < 500)
    return new MatrixError(told.status === 429 ? 502 : told.status, told.errcode, told.message, {
      cause: told,
    });
  const cause = said[0];
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return badGateway(`No server could be asked that is in the room${why}`, cause);
}
